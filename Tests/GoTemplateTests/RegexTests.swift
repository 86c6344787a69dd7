import Foundation
import TestSupport
import Testing

@testable import GoTemplate

@Suite("Regular expressions")
struct RegexTests {
  static func texts(_ pattern: String, _ text: String, limit: Int = -1) throws -> [String] {
    let bytes = Array(text.utf8)
    return try GoRegex(pattern).all(in: bytes, limit: limit).map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  @Test(
    "the first match is the one that a backtracking matcher finds",
    arguments: [
      ("(a|ab)(c|bcd)", "abcd", "abcd"), ("a+?", "aaa", "a"), ("(?U)a+", "aaa", "a"), ("(?U)a+?", "aaa", "aaa"),
      ("a|ab", "ab", "a"), ("[[:alpha:]]+", "12foo3", "foo"), ("[^[:^alpha:]]+", "12foo3", "foo"),
      ("(?i)STRASSE", "Strasse", "Strasse"), ("(?i)k", "\u{212A}", "\u{212A}"), ("(?i)[^k]", "K\u{212A}z", "z"),
      ("(?i:a)b", "xAb", "Ab"), ("\\pL+", "1äö2", "äö"), ("\\p{Lu}", "aÄ", "Ä"), ("\\PL+", "ä12", "12"),
      ("\\p{^L}+", "ä12", "12"), ("[\\d\\-x]+", "a1-x", "1-x"), ("[]a]+", "b]a", "]a"), ("[a-]+", "b-a", "-a"),
      ("\\bfoo\\b", "xfoo foo", "foo"), ("x{2,3}", "xxxx", "xxx"), ("x{2,3}?", "xxxx", "xx"),
      ("x{,2}", "x{,2}", "x{,2}"),
      ("a.c", "a\nc abc", "abc"), ("(?s)a.c", "a\nc", "a\nc"), ("^b$", "a\nb\nc", nil), ("(?m)^b$", "a\nb\nc", "b"),
      ("\\x41\\x{1F600}", "A😀", "A😀"), ("\\Qa.b\\E+", "a.bbb", "a.bbb"), ("\\101", "A", "A"), ("", "abc", ""),
      ("(?:)*", "a", ""), ("(a*)*", "aab", "aa"), ("(a*)+", "b", ""),
      ("(?P<y>\\d{4})-(?<m>\\d\\d)", "on 2024-02", "2024-02"),
      ("\\A\\d", "a1", nil), ("[^a]", "\n", "\n"), (".", "ä", "ä"), ("(|a)+", "aaa", ""), ("(a|b)*?c", "abac", "abac"),
    ] as [(String, String, String?)])
  func first(pattern: String, text: String, expected: String?) throws {
    let bytes = Array(text.utf8)
    let found = try GoRegex(pattern).first(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    #expect(found == expected)
  }

  @Test("all matches are found, empty ones only where no match ended")
  func all() throws {
    #expect(try Self.texts("[0-9]+", "foo123bar45") == ["123", "45"])
    #expect(try Self.texts("a*", "baac") == ["", "aa", ""])
    #expect(try Self.texts("", "ä€") == ["", "", ""])
    #expect(try Self.texts("[a-z]", "my-app", limit: 3) == ["m", "y", "a"])
    #expect(try Self.texts("^a", "aaa") == ["a"])
    #expect(try Self.texts("\\b", "ab c").count == 4)
  }

  @Test(
    "replacements take groups by number and by name",
    arguments: [
      ("p([a-z]+)ch", "peach punch", "<$1>", "<ea> <un>"), ("(\\w+) (\\w+)", "hello world", "$2 $1", "world hello"),
      ("x", "axb", "$0$0", "axxb"), ("x", "axb", "$$1$", "a$1$b"), ("(x)", "axb", "$1y", "ab"),
      ("(x)", "axb", "${1}y", "axyb"),
      ("(?P<n>x)", "axb", "[$n]", "a[x]b"), ("x", "axb", "${n", "a${nb"), ("a*", "baac", "-", "-b-c-"),
      ("(a)|(b)", "ab", "[$1|$2]", "[a|][|b]"), ("", "ab", "-", "-a-b-"), ("x", "axb", "$01", "ab"),
    ])
  func replacing(pattern: String, text: String, replacement: String, expected: String) throws {
    let result = try GoRegex(pattern).replacingAll(
      in: Array(text.utf8), with: Array(replacement.utf8), isTemplate: true)
    #expect(String(decoding: result, as: UTF8.self) == expected)
  }

  @Test(
    "texts are split at matches",
    arguments: [
      (",", "a,b,c", -1, ["a", "b", "c"]), (",", "a,b,c", 2, ["a", "b,c"]), (",", "a,b,c", 0, []),
      ("", "abc", -1, ["a", "b", "c"]), (",", "", -1, [""]), (",", "a,", -1, ["a", ""]),
      ("x*", "axxb", -1, ["a", "b"]),
    ])
  func splitting(pattern: String, text: String, limit: Int, expected: [String]) throws {
    let bytes = Array(text.utf8)
    let pieces = try GoRegex(pattern).split(bytes, limit: limit)
    #expect(pieces.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
  }

  @Test(
    "mistakes are refused as in Go",
    arguments: [
      ("(", "missing closing ): `(`"), ("a)", "unexpected ): `a)`"), ("[a", "missing closing ]: `[a`"),
      ("*", "missing argument to repetition operator: `*`"), ("a**", "invalid nested repetition operator: `**`"),
      ("a{1001}", "invalid repeat count: `{1001}`"), ("(a{100}){100}", "invalid repeat count: `{100}`"),
      ("a{2,1}", "invalid repeat count: `{2,1}`"), ("\\1", "invalid escape sequence: `\\1`"),
      ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"), ("[z-a]", "invalid character class range: `z-a`"),
      ("\\", "trailing backslash at end of expression: ``"), ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
      ("(?P<n>a)(?P<n>b)", "duplicate capture group name: `n`"),
      ("\\p{Nope}", "invalid character class range: `\\p{Nope}`"),
    ])
  func mistakes(pattern: String, message: String) {
    #expect { try GoRegex(pattern) } throws: { "\($0)" == "error parsing regexp: " + message }
  }

  @Test(
    "hostile patterns end soon", arguments: ["(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*)*(.*)*(.*)*x", "((a?){30}){30}b"])
  func hostile(pattern: String) throws {
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 3000)
    let start = ContinuousClock.now
    #expect(try GoRegex(pattern).first(in: text + [UInt8(ascii: "c")]) == nil)
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  @Test("size, depth, groups and work are limited")
  func limits() throws {
    #expect(throws: RegexError.tooLarge) { try GoRegex(String(repeating: "a{1000}", count: 11)) }
    #expect { try GoRegex(String(repeating: "(?:", count: 300)) } throws: { "\($0)".contains("nested more than 200") }
    #expect { try GoRegex(String(repeating: "()", count: 300)) } throws: { "\($0)".contains("more than 200 groups") }
    #expect { try GoRegex(String(repeating: "a", count: 1 << 17)) } throws: { "\($0)".contains("longer than") }
    var slow = try GoRegex("(?:a?){900}b")
    slow.stepLimit = 100_000
    #expect(throws: RegexError.tooSlow) { try slow.first(in: [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)) }
  }

  @Test("a quoted text matches itself alone")
  func quoting() throws {
    #expect(GoRegex.quoted("1.2.3*[x]") == "1\\.2\\.3\\*\\[x\\]")
    #expect(try GoRegex(GoRegex.quoted("a+b")).matches(Array("xa+by".utf8)))
  }
}
