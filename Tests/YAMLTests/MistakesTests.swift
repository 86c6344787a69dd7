import Testing
import YAML

/// A text that is refused, where, and with which sentence.
struct Bad: Sendable, CustomTestStringConvertible {
  var text: String
  var mark: YAMLMark
  var message: String

  init(_ text: String, _ line: Int, _ column: Int, _ message: String) {
    self.text = text
    self.message = message
    mark = YAMLMark(line: line, column: column)
  }

  var testDescription: String { text.debugDescription }

  /// Reads the text and compares the error.
  func verify() {
    do throws(YAMLError) {
      let file = try YAMLFile(text, name: "t.yaml")
      Issue.record("was read as \(file.documents)")
    } catch {
      #expect(error.message == message)
      #expect(error.mark == mark)
    }
  }
}

@Suite struct MistakesTests {
  static let mistakes: [Bad] = [
    Bad("a: 1\nkey:value\nb: 2\n", 2, 4, "a space is missing behind ':'"),
    Bad("key:value\nb: 2\n", 1, 4, "a space is missing behind ':'"),
    Bad("a:\n  key:value\n  b: 2\n", 2, 6, "a space is missing behind ':'"),
    Bad("a: b: c\n", 1, 5, "there is a second ': ' in this line; put the value in quotes if the colon belongs to it"),
    Bad(
      "name: foo\n  bar: 1\n", 2, 3,
      "this line is indented deeper than line 1, which has its value already; keys of one mapping begin in the same column"
    ),
    Bad(
      "a:\n  b: 1\n c: 2\n", 3, 2,
      "this line begins in column 2, where nothing above it begins; keys of one mapping, and items of one list, begin in the same column"
    ),
    Bad(
      "  a: 1\nb: 2\n", 2, 1,
      "this line is indented less than the first one; keys of one mapping begin in the same column"),
    Bad("- a\n b: 1\n", 2, 2, "this line is indented as a part of line 1, which is text"),
    Bad(
      "- a: 1\n   b: 2\n", 2, 4,
      "this line is indented deeper than line 1, which has its value already; keys of one mapping begin in the same column"
    ),
    Bad(
      "a: 1\n- b\n", 2, 1, "here is a list item between the keys of a mapping; indent it if it belongs to the key above"
    ),
    Bad(
      "a:\n  - b\n  c: 1\n", 3, 3,
      "the items of this list begin with '- ', but this line does not; indent it if it belongs to the item above"),
    Bad("a:\n- b\n c: 1\n", 3, 2, "this line is indented as a part of line 2, which is text"),
    Bad(
      "- a\nb: 1\n", 2, 1,
      "the items of this list begin with '- ', but this line does not; indent it if it belongs to the item above"),
    Bad("a: \"abc\nb: 1\n", 1, 4, "the quote that opens here is never closed"),
    Bad(
      "a: 'it's'\nb: 1\n", 1, 7,
      "the text in quotes ends here, but more text follows; inside of single quotes, write '' for a quote"),
    Bad(
      "a: \"x\" y\n", 1, 6,
      "the text in quotes ends here, but more text follows; put text with \" in it in single quotes, or write \\\" for each inner quote"
    ),
    Bad(
      "a: \"{{ printf \"%s\" .x }}\"\n", 1, 15,
      "the text in quotes ends here, but more text follows; put text with \" in it in single quotes, or write \\\" for each inner quote"
    ),
    Bad("a: {{ .x }}\n", 1, 4, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: {{ .x }}-suffix\n", 1, 4, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: {{- .x }}\n", 1, 4, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: {{ \"a\" | upper }}\n", 1, 4, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: {{ printf \"%s: %d\" .x }}\n", 1, 4, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: {{ .x | default \"a: b\" }}\n", 1, 4, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: %foo\n", 1, 4, "a value that begins with % must be put in quotes"),
    Bad("a: @foo\n", 1, 4, "a value that begins with @ must be put in quotes"),
    Bad("%foo\n", 1, 1, "a line that begins with % is an instruction to YAML readers; put it in quotes if it is text"),
    Bad("@foo: 1\n", 1, 1, "a value that begins with @ must be put in quotes"),
    Bad("a: *.txt\n", 1, 4, "a value that begins with * must be put in quotes"),
    Bad("a: */5 * * * *\n", 1, 4, "a value that begins with * must be put in quotes"),
    Bad("a: &\n", 1, 4, "a value that begins with & must be put in quotes"),
    Bad("a: !x y\n", 1, 4, "the tag '!x' is not known; if the value is text that begins with '!', put it in quotes"),
    Bad("a: ! y\n", 1, 4, "the tag '!' is not known; if the value is text that begins with '!', put it in quotes"),
    Bad(
      "a: |foo\n", 1, 4,
      "behind | or > comes nothing else in the line: the text begins in the next one; put the value in quotes if the sign belongs to it"
    ),
    Bad(
      "a: |\n  x\n y\n", 3, 2,
      "this line begins in column 2, where nothing above it begins; keys of one mapping, and items of one list, begin in the same column"
    ),
    Bad("a:\n\tb: 1\n", 2, 1, "a tab stands where only spaces may: YAML is indented with spaces"),
    Bad("\ta: 1\n", 1, 1, "a tab stands where only spaces may: YAML is indented with spaces"),
    Bad("a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab stands where only spaces may: YAML is indented with spaces"),
    Bad("-\ta: 1\n", 1, 2, "a tab stands where only spaces may: YAML is indented with spaces"),
    Bad("a: [1, 2\nb: 3\n", 2, 1, "a comma is missing before this, or the closing ] of the list that began at 1:4"),
    Bad("a: [1, 2\n", 1, 4, "the [ that opens here is never closed"),
    Bad(
      "a: {b: 1\nc: 2\n", 2, 1,
      "a comma or a ':' is missing before this, or the closing } of the mapping that began at 1:4"),
    Bad("a: {b: 1, c: 2\n", 1, 4, "the { that opens here is never closed"),
    Bad(
      "a: {b: 1 c: 2}\n", 1, 10,
      "a comma or a ':' is missing before this, or the closing } of the mapping that began at 1:4"),
    Bad("a: [b: c: d]\n", 1, 8, "a comma is missing before this, or the closing ] of the list that began at 1:4"),
    Bad(
      "a: ]\n", 1, 4, "here is a closing ] without an opening one; put the value in quotes if it belongs to the text"),
    Bad(
      "a: [1]]\n", 1, 7, "here is a closing ] without an opening one; put the value in quotes if it belongs to the text"
    ),
    Bad("a: ,\n", 1, 4, "a value that begins with , must be put in quotes"),
    Bad(
      "{\"a\": 1\n\"b\": 2}\n", 2, 1,
      "a comma or a ':' is missing before this, or the closing } of the mapping that began at 1:1"),
    Bad(
      "{\"a\" 1}\n", 1, 6, "a comma or a ':' is missing before this, or the closing } of the mapping that began at 1:1"),
    Bad("[1,,2]\n", 1, 4, "a value is missing before this comma"),
    Bad(
      "a: \"\\d\"\n", 1, 5,
      "in double quotes a backslash begins an escape, as \\n or \\u00e9, and this is none; write \\\\ for a backslash, or use single quotes"
    ),
    Bad(
      "a: \"C:\\Users\"\n", 1, 7,
      "in double quotes a backslash begins an escape, as \\n or \\u00e9, and this is none; write \\\\ for a backslash, or use single quotes"
    ),
    Bad(
      "a: \"\\ud83d\\ude00\"\n", 1, 5,
      "in double quotes a backslash begins an escape, as \\n or \\u00e9, and this is none; write \\\\ for a backslash, or use single quotes"
    ),
    Bad(
      "a:\n\u{A0} b: 1", 2, 1, "the space here is not an ordinary one but U+00A0, which YAML takes for text; replace it"
    ),
    Bad(
      "a: 1\nb:\u{A0}1\n", 2, 3,
      "the space here is not an ordinary one but U+00A0, which YAML takes for text; replace it"),
    Bad("{a:[1]}", 1, 3, "a space is missing behind ':'"),
    Bad("a: ? b\n", 1, 4, "a value that begins with ? must be put in quotes"),
    Bad("a\nb: 1\n", 1, 1, "this line has no ': ' between a key and a value, as the lines around it"),
    Bad(
      "a: - b\n", 1, 4,
      "a list cannot begin here: put '- ' on a line of its own below the key, or the value in quotes if it is text"),
    Bad("a: b\n--- c\nd: 1\n", 2, 1, "this line has no ': ' between a key and a value, as the lines around it"),
    Bad("a: 1\n... x\n", 2, 5, "the document has ended before this; a second one begins with a line '---'"),
    Bad("%YAML 1.2\na: 1\n", 2, 1, "a line '---' is missing below the line with %"),
    Bad("%YAML 3.0\n---\na: 1\n", 1, 1, "the %YAML line names a version other than 1.1 and 1.2"),
    Bad("--- a: 1\n", 1, 6, "behind '---' only a comment may follow; put the first key on the next line"),
    Bad("a: 1\n--- {\n", 3, 1, "the file ends inside of a list or mapping: a closing ] or } is missing"),
    Bad("a: \"x\n---\nb: 1\n", 1, 4, "the quote that opens here is never closed"),
    Bad(": a\n", 1, 1, "the key before this colon is missing"),
    Bad("a: &x *x\n", 1, 7, "this does not belong here: the value before it has ended"),
    Bad(
      "steps:\n  - name: x\n    uses: exec\n   with: 1\n", 4, 4,
      "this line begins in column 4, where nothing above it begins; keys of one mapping, and items of one list, begin in the same column"
    ),
    Bad(
      "steps:\n  - name: x\n   uses: exec\n", 3, 4,
      "this line begins in column 4, where nothing above it begins; keys of one mapping, and items of one list, begin in the same column"
    ),
    Bad(
      "steps:\n  - name: x\n     uses: exec\n", 3, 6,
      "this line is indented deeper than line 2, which has its value already; keys of one mapping begin in the same column"
    ),
    Bad(
      "command: [sh, -c, \"echo \"hi\"\"]\n", 1, 25,
      "the text in quotes ends here, but more text follows; put text with \" in it in single quotes, or write \\\" for each inner quote"
    ),
    Bad(
      "a: \"b\"\n  c: 1\n", 2, 3,
      "this line begins in column 3, where nothing above it begins; keys of one mapping, and items of one list, begin in the same column"
    ),
    Bad(
      "a: |1x\n", 1, 4,
      "behind | or > comes nothing else in the line: the text begins in the next one; put the value in quotes if the sign belongs to it"
    ),
    Bad(
      "a: |0\n x\n", 1, 4,
      "behind | or > comes nothing else in the line: the text begins in the next one; put the value in quotes if the sign belongs to it"
    ),
    Bad("a:\n  b\n  c: d\n", 2, 3, "this line has no ': ' between a key and a value, as the lines around it"),
    Bad("- a\n-b\n- c\n", 2, 1, "a space is missing behind '-'"),
    Bad("a: \"x\"\n\"b\" 1\n", 2, 1, "this line has no ': ' between a key and a value, as the lines around it"),
    Bad("\"a: 1\nb: 2\n", 1, 1, "the quote that opens here is never closed"),
    Bad("a: [\n1,\n  b: {{ x }}\n]\n", 3, 6, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a: \"x\nb: \"y\"\n", 2, 4, "the text in quotes that began at 1:4 ends here; should it have ended in line 1?"),
    Bad("a: [b}", 1, 6, "a comma is missing before this, or the closing ] of the list that began at 1:4"),
    Bad("- {{ x }}", 1, 3, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("[{{ x }}]", 1, 2, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("a:\n  - b: {{ x }}\n    c: 1", 2, 8, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad("{{ x }}: 1", 1, 1, "a value that begins with {{ must be put in quotes: '{{ … }}'"),
    Bad(
      "a: \"x\" \"y", 1, 6,
      "the text in quotes ends here, but more text follows; put text with \" in it in single quotes, or write \\\" for each inner quote"
    ),
    Bad("a: [ \"x\" \"y\" ]", 1, 10, "a comma is missing before this, or the closing ] of the list that began at 1:4"),
    Bad(
      "a: x\n  y: z", 2, 3,
      "this line is indented deeper than line 1, which has its value already; keys of one mapping begin in the same column"
    ),
  ]

  @Test("says what is wrong in plain words, and where", arguments: mistakes) func explains(_ bad: Bad) { bad.verify() }
}
