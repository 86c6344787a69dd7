import Foundation
import TestSupport
import Testing

/// Commands for drivers, which need no database.
@Suite("Driver commands")
struct DriverCommandTests {
  private func run(_ arguments: [String]) async throws -> ProgramResult {
    try await runProgram(holdfastBinary, ["driver", "discover"] + arguments)
  }

  @Test("what can be a volume is listed, and printed as an application's document has it")
  func discover() async throws {
    let folder = try scratchDirectory("Shop").resolvingSymlinksInPath().path
    let name = String(folder.split(separator: "/").last ?? "").lowercased()
    let result = try await run(["directory", folder])
    #expect(result.exitCode == 0, "\(result.errors)")
    let width = { (text: String) in String(repeating: " ", count: text.count - 4) }
    #expect(
      result.output == """
        NAME\(width(name))  PATH\(width(folder))  KIND    SIZE
        \(name)  \(folder)  folder     -

          volumes:
          - driver: directory
            name: \(name)
            path: \(folder)

        """)
    // It is a document's part as it stands.
    let document = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID()).yaml")
    defer { try? FileManager.default.removeItem(at: document) }
    let block = result.output.split(separator: "\n\n").last ?? ""
    let text = "apiVersion: holdfast.dev/v1\nkind: Application\nmetadata: {name: shop}\nspec:\n\(block)"
    try text.write(to: document, atomically: true, encoding: .utf8)
    let checked = try await runProgram(holdfastBinary, ["validate", document.path])
    #expect(checked.exitCode == 0, "\(checked.output)\(checked.errors)")

    let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../deploy/drivers/example").standardizedFileURL.path
    let json = try await run(["exec", folder, "--program", example, "-o", "json"]).output
    let rows = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
    let row = try #require(rows?.first)
    #expect(row.keys.sorted() == ["bytes", "driver", "kind", "name", "note", "path", "program"])
    #expect(row["program"] as? String == example && row["path"] as? String == folder && rows?.count == 1)
  }

  @Test("a wrong call is told in one sentence")
  func mistakes() async throws {
    let mistakes: [([String], Int32, String)] = [
      (["zfs"], 2, "btrfs"), (["exec"], 2, "--program"),
      (["btrfs", "/", "--program", "/bin/true"], 2, "only the driver exec"),
      (["directory", "/none-such"], 3, "/none-such"), (["directory", "none-such"], 3, "none-such"),
    ]
    for (arguments, code, words) in mistakes {
      let result = try await run(arguments)
      #expect(result.exitCode == code && result.errors.contains(words), "\(arguments): \(result)")
      #expect(result.output.isEmpty)
    }
  }
}
