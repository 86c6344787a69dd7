import CommandSyntax
import Testing

@Suite("The manual page")
struct ManualPageTests {
  let lines = Sample.program.manualPage.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)

  @Test("it has the sections that man pages have, and every command that is not hidden")
  func structure() {
    #expect(lines.first == #".TH "SAMPLE" "1" "" "sample 1.2" "sample manual""#)
    let sections = lines.filter { $0.hasPrefix(".SH ") }.map { $0.dropFirst(5).dropLast() }
    #expect(
      sections == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "THINGS", "FILES", "OPTIONS OF EVERY COMMAND", "EXIT STATUS", "ENVIRONMENT",
      ])
    let commands = lines.filter { $0.hasPrefix(".SS ") }.map { $0.dropFirst(5).dropLast() }
    #expect(
      commands == Sample.program.allCommands.filter { $0.name != "secret" }.map { "sample \($0.name)" })
  }

  @Test("nothing in the texts is taken for a request")
  func escapes() {
    var program = Sample.program
    program.summary = ".TH is a request; 'so is this, C:\\dir \"quoted\" --option"
    let text = program.manualPage
    #expect(text.contains(#"\&.TH is a request; \(aqso is this, C:\edir \(dqquoted\(dq \-\-option"#))
    let requests = [".TH", ".SH", ".SS", ".TP", ".PP", ".br", ".nf", ".fi", ".RS", ".RE"]
    for line in lines where line.hasPrefix(".") { #expect(requests.contains(String(line.prefix(3))), "\(line)") }
    #expect(lines.allSatisfy { !$0.hasPrefix("'") && !$0.isEmpty || $0 == lines.last })
  }
}
