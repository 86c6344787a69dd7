import JSON
import Testing
import YAML

@Suite struct SmokeTests {
  @Test("reads and writes") func smoke() throws {
    let file = try YAMLFile("a: &x {b: 1}\nc:\n  <<: *x\n  d: [yes, 2.5]\n", name: "t")
    #expect(file.documents[0].json == ["a": ["b": 1], "c": ["b": 1, "d": ["yes", 2.5]]])
    let value: JSONValue = ["a": ["yes", "1e3", "x\ny\n", 1e20, "12:30:00", "a: b"], "b": [:], "c": "{{ x }}"]
    print(YAMLWriter.text(of: value))
    #expect(try YAMLFile(YAMLWriter.text(of: value), name: "t").documents[0].json == value)
  }
}
