import Foundation
import GoTemplate
import JSON

/// One template with what Go made of it.
struct GoldenCase {
  let id: String
  let group: String
  let template: String
  let data: Value
  let missingKey: MissingKey
  /// What Go printed; nil stands for an error. There can be two, of two versions of sprig.
  let wanted: [String?]

  init(_ json: JSONValue, data: Value) {
    id = json["id"]?.string ?? ""
    group = json["group"]?.string ?? "typed"
    template = json["template"]?.string ?? ""
    missingKey = MissingKey(rawValue: json["missingkey"]?.string ?? "") ?? .default
    self.data = data
    var wanted = [json["output"]?.string]
    if let other = json["v3_output"]?.string { wanted.append(other) }
    if json["v3_error"] != nil { wanted.append(nil) }
    self.wanted = wanted
  }

  /// What differs; nil if nothing does.
  var failure: String? {
    var got: String?
    var message = ""
    do {
      let parsed = try Template(template, name: "config")
      got = try parsed.render(data, options: RenderOptions(missingKey: missingKey))
    } catch {
      message = error.description
    }
    if wanted.contains(where: { $0.map { Array($0.utf8) } == got.map { Array($0.utf8) } }) { return nil }
    return "\(id) \(template.debugDescription): "
      + "expected \(wanted.map { $0?.debugDescription ?? "an error" }.joined(separator: " or ")), "
      + "got \(got?.debugDescription ?? "the error: \(message)")"
  }
}

/// A golden file as JSON.
func golden(_ name: String) throws -> JSONValue {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).json")
  return try JSONValue(parsing: String(contentsOf: file, encoding: .utf8))
}
