import Foundation
import TestSupport
import Testing

/// The JSON Schema as an editor uses it, with another implementation as the judge.
@Suite("JSON Schema")
struct SchemaTests {
  static let judge = """
    import json, sys, yaml, jsonschema
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sys.argv[2:]:
        for document in yaml.safe_load_all(open(path)):
            print("valid" if validator.is_valid(json.loads(json.dumps(document))) else "invalid", path)
    """

  static let hasJudge =
    (try? Process.run(
      URL(fileURLWithPath: "/usr/bin/env"), arguments: ["/usr/bin/python3", "-c", "import yaml, jsonschema"])).map {
      $0.waitUntilExit()
      return $0.terminationStatus == 0
    } ?? false

  private func judge(_ schema: String, _ paths: [String]) async throws -> [String] {
    try await runProgram("/usr/bin/python3", ["-c", Self.judge, schema] + paths).orThrow("judge documents").output
      .split(separator: "\n").map { String($0.prefix { $0 != " " }) }
  }

  @Test(
    "takes what 'holdfast validate' takes, and refuses what that refuses for its form",
    .enabled(if: hasJudge, "python3-jsonschema and python3-yaml are not installed"))
  func agrees() async throws {
    let folder = try scratchDirectory("schema")
    let schema = folder.appendingPathComponent("schema.json").path
    let printed = try await runProgram(holdfastBinary, ["schema"]).orThrow("print the schema")
    try printed.output.write(toFile: schema, atomically: true, encoding: .utf8)

    let examples = try FileManager.default.contentsOfDirectory(atPath: EndToEnd.ExampleTests.folder)
      .filter { $0.hasSuffix(".yaml") }.map { EndToEnd.ExampleTests.folder + "/" + $0 }
    let good = try await judge(schema, examples)
    #expect(good.count == examples.count + 1 && good.allSatisfy { $0 == "valid" })

    let bad = try [
      "steps: {a: {uses: exec, need: [b], with: {command: [ls]}}}", "steps: {a: {uses: exec, with: {command: ls}}}",
      "steps: {a: {uses: exec, with: {comand: [ls]}}}", "steps: {a: {uses: sleep, with: {duration: soon}}}",
      "steps: [a]", "steps: {a: {uses: noop, retry: {attempts: 0}}}", "steps: {a b: {uses: noop}}",
      "params: {n: {type: int}}\n  steps: {a: {uses: noop}}",
    ].enumerated().map { index, spec in
      let path = folder.appendingPathComponent("bad\(index).yaml").path
      let text = "apiVersion: holdfast.dev/v1\nkind: Workflow\nmetadata: {name: bad}\nspec:\n  \(spec)\n"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }
    #expect(try await judge(schema, bad).allSatisfy { $0 == "invalid" })
    for path in bad { #expect(try await runProgram(holdfastBinary, ["validate", path]).exitCode == 1, "\(path)") }
  }
}
