internal import BlobIndex
internal import Cryptography
internal import ObjectStores
internal import ResticFormat
internal import ResticRepository

/// Neighbouring pieces of one file that lie together in one pack: one read.
struct ContentUnit: Sendable {
  let pack: PackID
  var range: Range<Int>
  var blobs: [(id: BlobID, place: BlobLocation)]

  /// Cuts a file's content.
  static func of(
    _ content: [BlobID], _ index: BlobIndex, limit: Int
  ) throws(RepositoryError) -> (units: [ContentUnit], size: Int) {
    var units: [ContentUnit] = []
    var size = 0
    for id in content {
      guard let place = index.location(of: id, .data) else {
        throw RepositoryError(
          .notFound, "its blob \(id.hex) is missing from the index; 'holdfast repo check' tells what is damaged")
      }
      let (sum, isTooLong) = size.addingReportingOverflow(place.plaintextLength)
      guard !isTooLong else { throw RepositoryError(.corrupt, "it claims to be longer than a file can be") }
      size = sum
      let start = Int(place.offset)
      let end = start + Int(place.length)
      if let last = units.last, last.pack == place.pack, last.range.upperBound == start,
        end - last.range.lowerBound <= limit
      {
        units[units.count - 1].range = last.range.lowerBound..<end
        units[units.count - 1].blobs.append((id, place))
      } else {
        units.append(ContentUnit(pack: place.pack, range: start..<end, blobs: [(id, place)]))
      }
    }
    return (units, size)
  }

  /// Bytes of the file.
  var plaintextLength: Int { blobs.reduce(0) { $0 + $1.place.plaintextLength } }

  /// The bytes of the file, from those of the pack.
  func opened(_ sealed: [UInt8], _ opener: BlobOpener) throws(RepositoryError) -> [UInt8] {
    guard sealed.count == range.count else {
      throw RepositoryError(.corrupt, "the pack \(pack.hex) is shorter than the index says")
    }
    var plaintext: [UInt8] = []
    plaintext.reserveCapacity(blobs.reduce(0) { $0 + min($1.place.plaintextLength, BlobOpener.limit) })
    let result: Result<Void, RepositoryError> = sealed.withUnsafeBytes { sealed in
      do throws(RepositoryError) {
        for (id, place) in blobs {
          let start = Int(place.offset) - range.lowerBound
          plaintext += try opener.open(
            UnsafeRawBufferPointer(rebasing: sealed[start..<start + Int(place.length)]), id: id,
            uncompressedLength: place.uncompressedLength, pack: pack)
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return plaintext
  }

  /// The bytes of the file, blob by blob from any packs that have them; for when this one failed.
  /// - Throws: what it failed with, unless other packs have what this one should.
  func plaintext(
    after failure: RepositoryError, _ reader: BlobReader
  ) async throws(RepositoryError) -> [UInt8] {
    let hasOthers = blobs.contains { reader.index.locations(of: $0.id, .data).count > 1 }
    guard failure.isLocal, hasOthers else { throw failure }
    var plaintext: [UInt8] = []
    for (id, place) in blobs {
      let bytes = try await reader.read(id, .data)
      guard bytes.count == place.plaintextLength else { throw failure }
      plaintext += bytes
    }
    return plaintext
  }
}

extension Repository {
  /// What a pack has of a unit.
  func sealed(_ unit: ContentUnit) async throws(RepositoryError) -> [UInt8] {
    do throws(StoreError) { return try await store.get(ObjectName(.pack, unit.pack.hex), range: unit.range) } catch {
      throw RepositoryError(error)
    }
  }
}
