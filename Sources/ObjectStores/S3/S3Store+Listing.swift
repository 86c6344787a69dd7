internal import HTTPClient

extension S3Store {
  /// All objects of a kind, in no order.
  public func list(_ kind: ObjectKind) async throws(StoreError) -> [ObjectListing] {
    guard kind != .config else {
      do {
        return [ObjectListing(name: "config", size: try await size(of: .config))]
      } catch  where error.kind == .notFound {
        return []
      }
    }
    let folder = place.prefix + kind.folder
    let first = try await page(folder, after: nil)
    guard let next = first.continuation else { return objects(kind, in: first) }
    guard kind == .pack else { return objects(kind, in: first) + (try await pages(kind, folder, after: next)) }

    // Pages come one after the other, a thousand objects each: take sixteen such rows at once.
    typealias Part = Result<[ObjectListing], StoreError>
    let parts = await withTaskGroup(of: Part.self) { group in
      for digit in "0123456789abcdef" {
        group.addTask {
          do throws(StoreError) {
            return .success(try await self.pages(kind, folder + String(digit), after: nil))
          } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: [Part]()) { $0.append($1) }
    }
    var all: [ObjectListing] = []
    for part in parts { all += try part.get() }
    return all
  }

  /// All pages after one.
  private func pages(
    _ kind: ObjectKind, _ prefix: String, after token: String?
  ) async throws(StoreError) -> [ObjectListing] {
    var all: [ObjectListing] = []
    var token = token
    while true {
      let page = try await page(prefix, after: token)
      all += objects(kind, in: page)
      guard let next = page.continuation else { return all }
      guard next != token else {
        throw StoreError(.failed, location, "the server's listing goes round in a circle")
      }
      token = next
    }
  }

  private func page(_ prefix: String, after token: String?) async throws(StoreError) -> S3ListPage {
    var call = S3Call("GET", nil, "\(location) (listing)")
    call.query = [
      ("list-type", "2"), ("prefix", prefix), ("encoding-type", "url"), ("max-keys", "\(options.listingPage)"),
    ]
    call.isUrgent = prefix == place.prefix + ObjectKind.lock.folder
    if let token { call.query.append(("continuation-token", token)) }
    return try await perform(call) { response, number in
      guard response.status == 200 else { return nil }
      do throws(XMLReader.Malformed) { return .done(try S3ListPage(parsing: response.body)) } catch {
        let reason = "the server's listing cannot be read: \(error.reason)"
        return number < 3 ? .again(reason: reason) : .failed(StoreError(.failed, self.location, reason))
      }
    }
  }

  private func objects(_ kind: ObjectKind, in page: S3ListPage) -> [ObjectListing] {
    page.entries.compactMap { entry in
      guard let name = entry.key.split(separator: "/").last.map({ ObjectName(kind, String($0)) }), name.isValid,
        key(of: name) == entry.key
      else { return nil }
      return ObjectListing(name: name.name, size: entry.size)
    }
  }
}

extension ObjectKind {
  /// The folder below the repository's root, ending in `/`.
  var folder: String {
    switch self {
    case .config: ""
    case .pack: "data/"
    case .key, .lock, .snapshot: rawValue + "s/"
    case .index: "index/"
    case .journal: "holdfast/journal/"
    case .point: "holdfast/points/"
    }
  }
}
