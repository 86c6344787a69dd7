import FileSystem
import Testing

@Suite("Patterns for paths")
struct PathPatternsTests {
  /// As restic's manual describes its patterns.
  @Test(arguments: [
    ("*.log", "/var/log/a.log", true), ("*.log", "/var/log/a.txt", false), ("log", "/var/log/a.txt", true),
    ("/var", "/var/log/a.txt", true), ("/log", "/var/log/a.txt", false), ("var/log", "/x/var/log/a", true),
    ("var/*/a.txt", "/var/log/a.txt", true), ("/var/**/a.txt", "/var/x/y/a.txt", true),
    ("/var/**/a.txt", "/var/a.txt", true), ("**/y", "/var/x/y", true), ("/**/z", "/var/x/y", false),
    ("a?c", "/abc", true), ("a?c", "/aéc", true), ("a[b-d]c", "/acc", true), ("a[^b-d]c", "/acc", false),
    ("a\\*c", "/a*c", true), ("a\\*c", "/abc", false), ("/var/*", "/var", false), ("*b*b*", "/aabxabx", true),
    ("/data/", "/data/x", true),
  ])
  func matches(pattern: String, path: String, expected: Bool) throws {
    var patterns = PathPatterns()
    try patterns.add(pattern)
    #expect(patterns.matches(names(path)) == expected)
  }

  @Test("A later pattern with ! takes back; case can be ignored; nothing fits no pattern")
  func combinations() throws {
    var patterns = PathPatterns()
    #expect(!patterns.matches(names("/a")))
    try patterns.add("*.txt")
    try patterns.add("!keep.txt")
    #expect(patterns.matches(names("/a/b.txt")))
    #expect(!patterns.matches(names("/a/keep.txt")))
    var careless = PathPatterns()
    try careless.add("*.TXT", ignoringCase: true)
    #expect(careless.matches(names("/a/B.txt")))
    #expect(careless.matches([[UInt8(ascii: "x"), 0xff] + Array(".Txt".utf8)]))
  }

  @Test("A name stands for itself alone, whatever letters it has")
  func literal() throws {
    let all = ["a", "ab", "a*", "a\u{301}", "*", "**", "?", "[a]", "[", "\\", "\\a", "!a", " ", "*\u{301}"]
    for name in all {
      var patterns = PathPatterns()
      try patterns.add(PathPatterns.text(ofName: name))
      #expect(all.filter { patterns.matches([Array($0.utf8)]) } == [name])
      #expect(!patterns.matches(names("/x") + [Array(name.utf8)]))
    }
  }

  @Test("A folder is entered only if something in it can fit")
  func below() throws {
    var patterns = PathPatterns()
    try patterns.add("/home/user/*.c")
    #expect(patterns.mayMatchBelow(names("/home")))
    #expect(patterns.mayMatchBelow(names("/home/user")))
    #expect(!patterns.mayMatchBelow(names("/etc")))
    try patterns.add("*.h")
    #expect(patterns.mayMatchBelow(names("/etc")))
  }

  @Test("Those that nothing has fitted are left, as they were written")
  func left() throws {
    var patterns = PathPatterns()
    for text in ["/home/user", "*.c", "!secret", "/etc"] { try patterns.add(text) }
    try patterns.add("*.TXT", ignoringCase: true)
    try patterns.add("*.Log", ignoringCase: true)
    #expect(patterns.choosing.texts == ["/home/user", "*.c", "/etc", "*.TXT", "*.Log"])
    patterns.removeAll(fitting: names("/home/user/a.h"))
    patterns.removeAll(fitting: names("/srv/B.txt"))
    patterns.removeAll(fitting: names("/srv/none"))
    #expect(patterns.choosing.texts == ["*.c", "/etc", "*.Log"])
    #expect(patterns.matches(names("/etc/x")) && !patterns.matches(names("/home/user/a.h")))
  }

  @Test("What is no pattern is refused", arguments: ["[a", "a\\", "[]", "[a-]"])
  func bad(pattern: String) {
    var patterns = PathPatterns()
    #expect(throws: PathPatterns.BadPattern.self) { try patterns.add(pattern) }
  }

  private func names(_ path: String) -> [[UInt8]] { path.split(separator: "/").map { Array($0.utf8) } }
}
