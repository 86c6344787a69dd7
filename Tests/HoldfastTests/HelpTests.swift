import CommandSyntax
import Foundation
import Terminal
import Testing

@testable import holdfast

/// The pages as people see them; run with HOLDFAST_UPDATE_GOLDEN=1 to write them anew.
@Suite("Help pages")
struct HelpTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Help")

  static let pages = ["holdfast"] + Program.holdfast.allCommands.map(\.name)

  @Test("pages are as they were agreed on", arguments: pages)
  func golden(name: String) throws {
    let page = self.page(name, TextStyle())
    let file = Self.folder.appending(path: "\(name.replacing(" ", with: "-")).help.txt")
    if ProcessInfo.processInfo.environment["HOLDFAST_UPDATE_GOLDEN"] == "1" { try Data(page.utf8).write(to: file) }
    #expect(try page == String(contentsOf: file, encoding: .utf8))
  }

  func page(_ name: String, _ style: TextStyle) -> String {
    let help = HelpPage(program: .holdfast, style: style)
    return Program.holdfast.allCommands.first { $0.name == name }.map(help.page(of:)) ?? help.page()
  }

  @Test("the README's table names every command, and no other")
  func readme() throws {
    let file = Self.folder.appending(path: "../../../README.md").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    let section = try #require(text.split(separator: "## The commands\n").last?.split(separator: "\n## ").first)
    let table = section.split(separator: "\n").filter { $0.hasPrefix("| ") }.joined()
    let named = table.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    let known = Program.holdfast.allCommands.filter { !$0.commands.contains { $0.isHidden } }.map(\.name)
    #expect(named.filter { !known.contains($0) } == [])
    let groups = Program.holdfast.topics.dropLast().flatMap(\.commands).filter { !$0.isHidden }.map(\.name)
    #expect(groups.filter { group in !named.contains { $0 == group || $0.hasPrefix(group + " ") } } == [])
  }

  @Test("lines fit the width, but for examples, which are to be copied", arguments: [50, 60, 80, 100])
  func width(width: Int) {
    for name in Self.pages {
      let page = page(name, TextStyle(width: width)).split(separator: "\nEXAMPLES")[0]
      for line in page.split(separator: "\n") { #expect(line.count <= width, "\(name): \(line)") }
    }
  }

  @Test(
    "colours are for terminals that know them, unless NO_COLOR is set",
    arguments: [
      (["TERM": "xterm"], true), (["TERM": "xterm", "NO_COLOR": "1"], false),
      (["TERM": "xterm", "NO_COLOR": ""], true),
      (["TERM": "dumb"], false), ([:], false),
    ] as [([String: String], Bool)])
  func colours(environment: [String: String], isColored: Bool) throws {
    let style = TextStyle.forTerminal(columns: 80) { environment[$0] }
    #expect(style.isColored == isColored && style.width == 80)
    #expect(page("worker", style).contains("\u{1B}") == isColored)
    #expect(TextStyle.forTerminal(columns: 0) { _ in nil }.width == 100)
    #expect(TextStyle.forTerminal(columns: 300) { _ in nil }.width == 100)
    let pipe = Pipe()
    #expect(!TextStyle.forStream(pipe.fileHandleForWriting.fileDescriptor, environment: { environment[$0] }).isColored)
  }
}
