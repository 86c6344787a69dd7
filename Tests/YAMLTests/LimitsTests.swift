import Testing
import YAML

@Suite struct LimitsTests {
  private func error(_ text: String, _ limits: YAMLLimits = .init()) -> YAMLError? {
    #expect(throws: YAMLError.self) { try YAMLFile(text, name: "t.yaml", limits: limits) }
  }

  @Test("refuses a file that is too long") func bytes() throws {
    let limits = YAMLLimits(bytes: 4)
    #expect(error("a: 10", limits)?.message == "the file has 5 bytes, and the limit is 4")
    #expect(try YAMLFile("a: 1", name: "t.yaml", limits: limits).documents.count == 1)
  }

  @Test("refuses a file that is nested too deeply", arguments: ["[", "- ", "{a: "]) func depth(opening: String) throws {
    let closing = ["[": "]", "{a: ": "}"][opening] ?? ""
    func nested(_ depth: Int) -> String {
      String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
    }
    #expect(try YAMLFile(nested(64), name: "t.yaml").documents.count == 1)
    let error = error(nested(65))
    #expect(error?.message == "lists and mappings are nested more than 64 levels deep")
    #expect(error?.mark == YAMLMark(line: 1, column: 64 * opening.count + 1))
    #expect(self.error(String(repeating: opening, count: 500_000)) != nil)
  }

  @Test("aliases count as deep as what they stand for") func depthOfAliases() throws {
    let limits = YAMLLimits(depth: 4)
    #expect(try YAMLFile("a: &x [[1]]\nb: [*x]", name: "t.yaml", limits: limits).documents.count == 1)
    #expect(error("a: &x [[1]]\nb: [[*x]]", limits)?.mark == YAMLMark(line: 2, column: 6))
  }

  @Test("refuses a file with too many values") func nodes() throws {
    #expect(try YAMLFile("[1, 2, 3]", name: "t.yaml", limits: YAMLLimits(nodes: 4)).documents.count == 1)
    #expect(error("[1, 2, 3]", YAMLLimits(nodes: 3))?.message == "the file has more than 3 values")
  }

  @Test("refuses a file whose aliases grow without bounds", arguments: [false, true]) func billionLaughs(merged: Bool) {
    var text = merged ? "a0: &a0 {k: v}\n" : "a0: &a0 [lol, lol]\n"
    for level in 1...40 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9)
      text += "a\(level): &a\(level) "
      text +=
        merged
        ? "{" + aliases.enumerated().map { "k\($0): \($1)" }.joined(separator: ", ") + "}\n"
        : "[\(aliases.joined(separator: ", "))]\n"
    }
    let message = error(text)?.message
    #expect(message?.contains("billion laughs") == true)
  }

  @Test("refuses a file whose aliases multiply a long text") func longTexts() {
    let text = "a: &a \(String(repeating: "x", count: 1_000_000))\nb: [\(String(repeating: "*a, ", count: 20))]"
    #expect(error(text)?.message.hasPrefix("the file has more than 16777216 bytes of text once each alias") == true)
  }

  @Test("a file of many directives is refused at once") func directives() {
    let text = (0..<200_000).map { "%TAG !a\($0)! b\n" }.joined() + "---\na: 1\n"
    let taken = ContinuousClock().measure { #expect(error(text)?.mark == YAMLMark(line: 1_001, column: 1)) }
    #expect(taken < .seconds(60))
  }

  @Test("a large workflow is read in little time") func speed() throws {
    var text = "steps:\n"
    for step in 0..<5_000 {
      text +=
        "  - name: step-\(step)\n    uses: exec\n    needs: [a, b]\n    with:\n      command: [sh, -c, 'echo {{ .x }}']\n"
      text += "      env:\n        A: \(step)\n        B: \"two\"\n    timeoutSeconds: 30\n    limits: [one]\n"
    }
    var steps: Int?
    let taken = try ContinuousClock().measure {
      steps = try YAMLFile(text, name: "t.yaml").documents.first?["steps"]?.elements?.count
    }
    #expect(steps == 5_000)
    #expect(taken < .seconds(60))  // a release build needs 80 ms; this is for a debug build on a busy machine
  }
}
