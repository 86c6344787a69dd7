internal import CommandSyntax
internal import FoundationEssentials
internal import JSON
internal import WorkflowDSL
internal import YAML

/// The parameters of a run, as command lines give them.
enum ParameterInput {
  static let parameters = Option<[Label]>.repeated(
    "--param", short: "-p", .label, "A parameter of the run; lists and maps as JSON")
  static let file = Option<String?>.optional(
    "--params-file", .text("FILE", completion: .file), "A YAML or JSON file with a map of parameters; --param wins")

  /// What was given, each text as the value that its parameter's type makes of it.
  /// - Parameter declared: The workflow's parameters.
  static func values(_ arguments: ParsedArguments, declared: [Parameter]) throws -> [String: JSONValue] {
    var values: [String: JSONValue] = [:]
    if let path = arguments[file] {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw CommandFailure(.notFound, "can't read \(path)")
      }
      do {
        let documents = try YAMLFile(String(decoding: data, as: UTF8.self), name: path).documents
        guard documents.count == 1, let members = documents[0].json.object else {
          throw CommandFailure(.failed, "\(path) has to hold one map of parameters")
        }
        values = members
      } catch let error as YAMLError {
        throw CommandFailure(.failed, "\(error)")
      }
    }
    for pair in arguments[parameters] {
      do throws(ParameterError) {
        // One that isn't declared is refused with all the others, when the run is planned.
        values[pair.key] =
          try declared.first { $0.name.value == pair.key }?.value(of: pair.value) ?? .string(pair.value)
      } catch {
        throw CommandFailure(.usage, error.description)
      }
    }
    let missing = declared.filter { $0.isRequired && values[$0.name.value] == nil }
    let isKnown = values.keys.allSatisfy { key in declared.contains { $0.name.value == key } }
    guard missing.isEmpty || !isKnown else {
      let names = missing.map { "'\($0.name.value)' (\($0.type.rawValue))" }.joined(separator: ", ")
      let options = missing.map { "-p \($0.name.value)=…" }.joined(separator: " ")
      throw CommandFailure(
        .failed, "the workflow needs the parameter\(missing.count == 1 ? "" : "s") \(names); add \(options)")
    }
    return values
  }
}
