import Foundation
import TestSupport
import Testing

@testable import GoTemplate

/// Compares random patterns with Python's matcher, in the part of the syntax where both mean the same.
@Suite("Regular expressions against Python")
struct RegexComparisonTests {
  static let script = """
    import sys, re
    for line in sys.stdin:
        pattern, text = line.rstrip("\\n").split("\\t")
        found = re.search(pattern, text)
        print(" ".join(str(n) for n in found.span()) if found else "-")
    """

  static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test("random patterns match at the same place", .enabled(if: python != nil, "python3 is not installed"))
  func comparison() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("regex comparison: seed \(seed)")
    var random = SplitMix64(seed: seed)
    var questions: [(pattern: String, text: String)] = []
    for _ in 0..<3000 {
      // Older Pythons have it that \B does not match in an empty text.
      let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        ["a", "b", "c", "-", " "].randomElement(using: &random) ?? ""
      }
      questions.append((pattern(depth: 3, using: &random), text.joined()))
    }
    let lines = questions.map { "\($0.pattern)\t\($0.text)" }
    let answers = try run(Self.python ?? "", lines: lines)
    try #require(answers.count == questions.count)
    for (question, answer) in zip(questions, answers) {
      let found = try GoRegex(question.pattern).first(in: Array(question.text.utf8))
      let text = found.map { "\($0.lowerBound) \($0.upperBound)" } ?? "-"
      #expect(text == answer, "pattern \(question.pattern) on '\(question.text)'")
    }
  }

  private func pattern(depth: Int, using random: inout SplitMix64) -> String {
    let atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\W", "\\s", "\\b", "\\B", "^", "-"]
    func part(_ random: inout SplitMix64) -> String {
      pattern(depth: depth - 1, using: &random)
    }
    if depth == 0 { return atoms.randomElement(using: &random) ?? "a" }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return part(&random) + part(&random)
    case 1: return "(?:" + part(&random) + "|" + part(&random) + ")"
    // Only what takes runes is repeated: on empty turns of a loop the two engines differ by design.
    case 2, 3:
      let body = ["a", "[ab]", "(?:ab|a)", "(?:a|ab|c)", "\\w", "(b)"].randomElement(using: &random) ?? "a"
      let count = ["*", "+", "?", "{2}", "{1,3}", "{2,}"].randomElement(using: &random) ?? "*"
      return body + count + (Bool.random(using: &random) ? "?" : "")
    case 4: return "(" + part(&random) + ")"
    default: return atoms.randomElement(using: &random) ?? "a"
    }
  }

  private func run(_ python: String, lines: [String]) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", Self.script]
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("regex-\(UUID().uuidString)")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    process.standardInput = try FileHandle(forReadingFrom: file)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
