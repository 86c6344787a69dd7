import Testing
import YAML

@Suite struct RefusalsTests {
  static let refusals: [Bad] = [
    Bad("a: 1\na: 2", 2, 1, "the key 'a' is here for the second time; it is already at 1:1"),
    Bad("a:\n  b: 1\n  c: 2\n  b: 3", 4, 3, "the key 'b' is here for the second time; it is already at 2:3"),
    Bad("{\"a\": 1, \"a\": 2}", 1, 10, "the key 'a' is here for the second time; it is already at 1:2"),
    Bad(
      "a: *nope", 1, 4, "*nope refers to nothing: no value before it is marked &nope; if it is text, put it in quotes"),
    Bad("a: &a [*a]", 1, 8, "*a stands inside of &a, the value that it refers to"),
    Bad(
      "a: &x {b: 1}\nc: {<<: *x, <<: *x}", 2, 13,
      "the key '<<' is here for the second time; it is already at 2:5; to merge several mappings, write a list: <<: [*one, *two]"
    ),
    Bad("a: {<<: 1}", 1, 5, "behind '<<' goes a mapping or a list of mappings, mostly aliases: <<: *name"),
    Bad("a: {<<: [1]}", 1, 5, "behind '<<' goes a mapping or a list of mappings, mostly aliases: <<: *name"),
    Bad(
      #"["\ud83d"]"#, 1, 3,
      "in double quotes a backslash begins an escape, as \\n or \\u00e9, and this is none; write \\\\ for a backslash, or use single quotes"
    ),
    Bad("[a]: 1", 1, 1, "a key must be text, but this one is a list"),
    Bad("{a: b}: 1", 1, 1, "a key must be text, but this one is a mapping"),
    Bad(
      "a: !!binary aGk=", 1, 4,
      "the tag '!!binary' is not known; if the value is text that begins with '!', put it in quotes"),
    Bad("a: !!int x", 1, 4, "'x' does not fit its tag !!int"),
    Bad("a: !!map [1]", 1, 4, "the tag !!map does not fit here: this is a list"),
    Bad("a: !!str {b: 1}", 1, 4, "the tag !!str does not fit here: this is a mapping"),
    Bad(
      "a: 0755", 1, 4,
      "'0755': a number that begins with 0 is octal for some readers and decimal for others; write 0o… for octal, leave the zeros out for decimal, or put it in quotes if it is text"
    ),
    Bad(
      "a: 99999999999999999999", 1, 4,
      "'99999999999999999999': the number is too large for 64 bits; put it in quotes if it is text"),
    Bad("a: 1e999", 1, 4, "'1e999': the number is too large for 64 bits; put it in quotes if it is text"),
    Bad(
      "a: 0xFFFFFFFFFFFFFFFFF", 1, 4,
      "'0xFFFFFFFFFFFFFFFFF': the number is too large for 64 bits; put it in quotes if it is text"),
    Bad(
      "a: b\0c", 1, 5,
      "here is the invisible control character U+0000, which a YAML file may not contain; is this a text file?"),
    Bad(
      "é: \"\u{07}\"", 1, 5,
      "here is the invisible control character U+0007, which a YAML file may not contain; delete it, or write it as \"\\u0007\" inside of double quotes"
    ),
  ]

  @Test("refuses what is YAML but most likely a mistake", arguments: refusals) func refuses(_ bad: Bad) { bad.verify() }

  @Test("an error begins with its place") func description() {
    let error = #expect(throws: YAMLError.self) { try YAMLFile("a: 1\nb: @c", name: "x.yaml") }
    #expect(error?.description == "x.yaml:2:4: error: a value that begins with @ must be put in quotes")
  }

  @Test(
    "refuses bytes that are not UTF-8",
    arguments: [
      (
        [0x61, 0x3A, 0x0A, 0x62, 0x3A, 0x20, 0xC3, 0xA9, 0xC3, 0x28], YAMLMark(line: 2, column: 5), "byte 9 of the file"
      ),
      ([0xFF, 0x61], YAMLMark(line: 1, column: 1), "byte 1 of the file"),
      ([0x61, 0xC3], YAMLMark(line: 1, column: 2), "byte 2 of the file"),
      ([0xFF, 0xFE, 0x61, 0x00], YAMLMark(line: 1, column: 1), "UTF-16"),
      ([0xFE, 0xFF, 0x00, 0x61], YAMLMark(line: 1, column: 1), "UTF-16"),
    ] as [([UInt8], YAMLMark, String)])
  func encodings(bytes: [UInt8], mark: YAMLMark, words: String) {
    let error = #expect(throws: YAMLError.self) { try YAMLFile(bytes: bytes, name: "t.yaml") }
    #expect(error?.mark == mark)
    #expect(error?.message.contains(words) == true)
  }
}
