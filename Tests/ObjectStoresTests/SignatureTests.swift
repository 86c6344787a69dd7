import Testing

@testable import ObjectStores

/// The answers are those of AWS: its test suite for Signature Version 4, and the examples of S3's documentation.
@Suite("AWS signatures")
struct SignatureTests {
  private let suite = SignatureV4(
    credentials: AWSCredentials(
      accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", origin: "a test"),
    region: "us-east-1", service: "service")
  private let s3 = SignatureV4(
    credentials: AWSCredentials(
      accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      origin: "a test"),
    region: "us-east-1", service: "s3")
  /// SHA-256 of nothing.
  private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  private struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let method: String
    var path = "/"
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    let signature: String
    var testDescription: String { name }
  }

  private static let cases = [
    Case(
      name: "get-vanilla", method: "GET",
      signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    Case(
      name: "post-vanilla", method: "POST",
      signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    Case(
      name: "get-vanilla-query-order-key-case", method: "GET", query: [("Param2", "value2"), ("Param1", "value1")],
      signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    Case(
      name: "get-utf8", method: "GET", path: "/%E1%88%B4",
      signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    Case(
      name: "get-header-value-trim", method: "GET",
      headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
      signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
  ]

  @Test("answer as AWS's test suite says", arguments: cases)
  private func vectors(_ vector: Case) {
    let authorization = suite.authorization(
      for: .init(
        method: vector.method, path: vector.path, query: vector.query,
        headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")] + vector.headers,
        payloadHash: Self.empty),
      at: 1_440_938_160)
    #expect(
      authorization.hasPrefix(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;"))
    #expect(authorization.hasSuffix(", Signature=" + vector.signature))
  }

  private static let s3Cases = [
    Case(
      name: "GET an object's range", method: "GET", path: "/test.txt",
      headers: [("range", "bytes=0-9"), ("x-amz-content-sha256", empty)],
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    Case(
      name: "PUT an object", method: "PUT", path: "/test%24file.text",
      headers: [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
      ],
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    Case(
      name: "GET a bucket's lifecycle", method: "GET", query: [("lifecycle", "")],
      headers: [("x-amz-content-sha256", empty)],
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    Case(
      name: "list objects", method: "GET", query: [("prefix", "J"), ("max-keys", "2")],
      headers: [("x-amz-content-sha256", empty)],
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
  ]

  @Test("answer as S3's documentation says", arguments: s3Cases)
  private func documented(_ vector: Case) {
    let authorization = s3.authorization(
      for: .init(
        method: vector.method, path: vector.path, query: vector.query,
        headers: [("host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z")] + vector.headers,
        payloadHash: vector.headers.first { $0.name == "x-amz-content-sha256" }?.value ?? ""),
      at: 1_369_353_600)
    #expect(authorization.hasSuffix(", Signature=" + vector.signature))
  }

  @Test("times are written and read as AWS does it")
  func times() {
    #expect(amzDate(1_440_938_160) == "20150830T123600Z")
    #expect(timestamp(1_440_938_160) == "2015-08-30T12:36:00Z")
    #expect(parseTimestamp("2015-08-30T12:36:00Z") == 1_440_938_160)
    #expect(parseTimestamp("2015-08-30T12:36:00.123Z") == 1_440_938_160)
    for bad in ["", "Z", "2015-08-30", "2015-13-30T12:36:00Z", "2015-08-30T12:36:00+02:00", "99999-9-9T9:9:9Z"] {
      #expect(parseTimestamp(bad) == nil, "\(bad)")
    }
  }

  @Test(
    "base 64 and percent-encoding",
    arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
  func encodings(_ text: String, _ expected: String) {
    #expect(base64(Array(text.utf8)) == expected)
    #expect(percentDecoded(percentEncoded("a/ü %+~" + text)) == "a/ü %+~" + text)
    #expect(percentEncoded("a b/c+ü", keeping: true) == "a%20b/c%2B%C3%BC")
  }
}
