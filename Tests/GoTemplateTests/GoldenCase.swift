import Foundation
import GoTemplate
import JSON

/// One template with what Go made of it.
struct GoldenCase: Sendable {
  let id: String
  let group: String
  let template: String
  let data: JSONValue
  /// The Go types of the data by dotted path; nil if it is what Go makes of JSON.
  let types: [String: String]?
  let missingKey: MissingKey
  /// What Go printed; nil stands for an error. There can be two, of two versions of sprig.
  let wanted: [String?]

  /// All cases of both files.
  static let byGroup: [String: [GoldenCase]] = {
    let untyped = golden("go-template-cases").array ?? []
    let typed = golden("go-template-typed-cases")
    let types = (typed["types"]?.object ?? [:]).compactMapValues(\.string)
    let cases =
      untyped.map { GoldenCase($0, data: $0["data"], types: nil) }
      + (typed["cases"]?.array ?? []).map { GoldenCase($0, data: typed["data"], types: types) }
    return Dictionary(grouping: cases, by: \.group)
  }()

  private init(_ json: JSONValue, data: JSONValue?, types: [String: String]?) {
    id = json["id"]?.string ?? ""
    group = json["group"]?.string ?? "typed"
    template = json["template"]?.string ?? ""
    self.data = data ?? .null
    self.types = types
    missingKey = MissingKey(rawValue: json["missingkey"]?.string ?? "") ?? .default
    var wanted = [json["output"]?.string]
    if let other = json["v3_output"]?.string { wanted.append(other) }
    if json["v3_error"] != nil { wanted.append(nil) }
    self.wanted = wanted
  }

  /// What differs; nil if nothing does.
  func failure() -> String? {
    var got: String?
    var message = ""
    do {
      let value = types.map { typedData(data, $0) } ?? Value(data, numbers: .float64)
      got = try Template(template, name: "config").render(value, options: RenderOptions(missingKey: missingKey))
    } catch {
      message = error.description
    }
    if wanted.contains(where: { $0.map { Array($0.utf8) } == got.map { Array($0.utf8) } }) { return nil }
    return "\(id) \(template.debugDescription): "
      + "expected \(wanted.map { $0?.debugDescription ?? "an error" }.joined(separator: " or ")), "
      + "got \(got?.debugDescription ?? "the error: \(message)")"
  }
}

/// A golden file; an empty one fails the test that counts the cases.
private func golden(_ name: String) -> JSONValue {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).json")
  let document = try? JSONDecoder().decode(FloatDocument.self, from: Data(contentsOf: file))
  return document?.json ?? .null
}

/// JSON with every number as a double, as Go reads it: so that -0 stays what it is.
private struct FloatDocument: Decodable {
  let json: JSONValue

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      json = .null
    } else if let string = try? container.decode(String.self) {
      json = .string(string)
    } else if let bool = try? container.decode(Bool.self) {
      json = .bool(bool)
    } else if let number = try? container.decode(Double.self) {
      json = .double(number)
    } else if let elements = try? container.decode([FloatDocument].self) {
      json = .array(elements.map(\.json))
    } else {
      json = .object(try container.decode([String: FloatDocument].self).mapValues(\.json))
    }
  }
}
