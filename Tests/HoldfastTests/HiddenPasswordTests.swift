import Testing

@testable import holdfast

@Suite("Passwords in arguments")
struct HiddenPasswordTests {
  @Test(
    "the password is found, and nothing else",
    arguments: [
      ("postgres://user:secret@host/db", "postgres://user:******@host/db"),
      ("--database=postgres://user:secret@host/db", "--database=postgres://user:******@host/db"),
      ("postgres://user:se@ret@host:5432/db", "postgres://user:******@host:5432/db"),
      ("postgres://host:5432/db", "postgres://host:5432/db"),
      ("postgres://user@host:5432/db?x=a:b@c", "postgres://user@host:5432/db?x=a:b@c"),
      ("rest:https://user:sec/ret@host/", "rest:https://user:*******@host/"),
      ("s3:https://AKIAX:wJal/K7@MD@host/bucket", "s3:https://AKIAX:**********@host/bucket"),
      ("rest:https://host:8000/alice@corp.com/", "rest:https://host:8000/alice@corp.com/"),
      ("rest:https://[::1]:8000/alice@corp.com/", "rest:https://[::1]:8000/alice@corp.com/"),
      ("rest:https://user:secret@host/alice@corp.com/", "rest:https://user:******@host/alice@corp.com/"),
      ("postgres://user:@host/db", "postgres://user:@host/db"),
      ("postgres://host/db?password=secret&user=me", "postgres://host/db?password=******&user=me"),
      ("host=h password=secret user=me", "host=h password=****** user=me"),
      ("host=h password='a secret' user=me", "host=h password=******************"),
      ("sslpassword=one password=two", "sslpassword=*** password=***"),
      ("--label", "--label"), ("", ""),
    ])
  func ranges(argument: String, hidden: String) {
    // Between two others, as the kernel keeps them.
    var bytes = Array("worker\0\(argument)\0--slots\0".utf8)
    for range in passwordRanges(in: bytes) {
      for index in range { bytes[index] = UInt8(ascii: "*") }
    }
    #expect(String(decoding: bytes, as: UTF8.self) == "worker\0\(hidden)\0--slots\0")
  }
}
