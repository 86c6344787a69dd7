import TestSupport
import Testing

@testable import ObjectStores

@Suite("listings that servers send")
struct ListingFormatTests {
  private let page = """
    <?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType>
      <!-- two & more <Key> -->
      <Contents><Key>data/ab/a%2Bb+c</Key><Size>12</Size><ETag>&quot;x&#34;</ETag></Contents>
      <Contents><Key><![CDATA[keys/1]]></Key><Size>9223372036854775807</Size><Owner><ID/></Owner></Contents>
      <Contents><Key>bad</Key><Size>99999999999999999999</Size></Contents><Contents><Size>1</Size></Contents>
      <Contents><Key>negative</Key><Size>-1</Size></Contents>
      <IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b&#x20AC;</NextContinuationToken>
    </ListBucketResult>

    """

  @Test("a page of a listing is read")
  func listing() throws {
    let parsed = try S3ListPage(parsing: Array(page.utf8))
    #expect(parsed.entries == [.init(key: "data/ab/a+b c", size: 12), .init(key: "keys/1", size: .max)])
    #expect(parsed.continuation == "a&b€")
  }

  @Test(
    "what is no listing is refused",
    arguments: [
      "", "<a/>", "<ListBucketResult>", "<ListBucketResult></Other>", "<html><body><br></body></html>",
      "text<ListBucketResult/>",
      "<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult/>", "<ListBucketResult>&b;</ListBucketResult>",
      "<ListBucketResult>&#xD800;</ListBucketResult>", "<ListBucketResult>&#99999999999;</ListBucketResult>",
      "<ListBucketResult>&amp</ListBucketResult>", "<ListBucketResult><></></ListBucketResult>",
      "<ListBucketResult/></a>",
      "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "<ListBucketResult/><ListBucketResult",
      String(repeating: "<a>", count: 100_000),
    ])
  func refusals(_ text: String) {
    #expect(throws: XMLReader.Malformed.self) { try S3ListPage(parsing: Array(text.utf8)) }
  }

  @Test("broken bytes never crash the reader")
  func broken() {
    let bytes = Array(page.utf8)
    for length in 0..<bytes.count - 1 { _ = try? S3ListPage(parsing: Array(bytes[..<length])) }
    var random = SplitMix64(seed: 42)
    for _ in 0..<3000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        changed[place] =
          Bool.random(using: &random)
          ? Array("<>/&;!?-[]".utf8).randomElement(using: &random) ?? 0 : .random(in: 0...255, using: &random)
      }
      _ = try? S3ListPage(parsing: changed)
    }
  }

  @Test("a listing of the REST protocol is read in both versions")
  func restListing() {
    let name = String(repeating: "0a", count: 32)
    func parse(_ text: String, hasSizes: Bool = true) -> [ObjectListing]? {
      RESTListing.parse(Array(text.utf8), .pack, hasSizes: hasSizes)
    }
    let rich = """
      [ {"name":"\(name)","size": 5 },{ "other" : [{"a":"}"},-1.5e3,null,"\\"",[],{}], "size":1,"name":"x-\\"tmp"}]

      """
    #expect(parse(rich) == [.init(name: name, size: 5)])
    #expect(parse("[\"\(name)\",\"other\"]", hasSizes: false) == [.init(name: name, size: 0)])
    for empty in ["null", "[]", " [ ] "] { #expect(parse(empty) == []) }
  }

  @Test(
    "what is no such listing is refused",
    arguments: [
      "", "{}", "[1]", "[{}]", "[{\"name\":\"x\"}]", "[{\"name\":\"x\",\"size\":-1}]",
      "[{\"name\":\"x\",\"size\":1e99}]",
      "[{\"name\":\"x\",\"size\":99999999999999999999}]", "<html>", "nullx", "[] x", "[{\"name\":\"x\",\"size\":1},]",
      "[{\"name\":null,\"size\":1}]", "[{\"a\":" + String(repeating: "[", count: 100_000), "[\"\\",
    ])
  func restRefusals(_ text: String) {
    #expect(RESTListing.parse(Array(text.utf8), .pack, hasSizes: true) == nil)
  }

  @Test("broken bytes never crash the reader of REST listings")
  func restBroken() {
    let name = String(repeating: "0a", count: 32)
    let bytes = Array(
      "[{\"name\":\"\(name)\",\"size\":5,\"x\":[1,{\"y\":null}]},{\"name\":\"\\u0041\",\"size\":7}]".utf8)
    for length in 0..<bytes.count { #expect(RESTListing.parse(Array(bytes[..<length]), .pack, hasSizes: true) == nil) }
    var random = SplitMix64(seed: 7)
    for _ in 0..<5000 {
      var changed = bytes
      let place = Int.random(in: 0..<changed.count, using: &random)
      changed[place] = Array("[]{}\",:\\ 9".utf8).randomElement(using: &random) ?? 0
      _ = RESTListing.parse(changed, .pack, hasSizes: true)
      _ = RESTListing.parse(changed, .pack, hasSizes: false)
    }
  }
}
