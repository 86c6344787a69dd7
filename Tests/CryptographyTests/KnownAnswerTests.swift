import Cryptography
import Testing

@Suite("Known answers")
struct KnownAnswerTests {
  private let key = SealingKey(
    encryption: Array(0x00...0x1f), macK: Array(0x20...0x2f), macR: Array(0x30...0x3f))
  private let nonce = Array<UInt8>(0x40...0x4f)

  private func sealed(_ plaintext: [UInt8]) throws -> String {
    let cipher = AuthenticatedCipher(try #require(key))
    var bytes = [UInt8](repeating: 0, count: plaintext.count + 32)
    try bytes.withUnsafeMutableBytes { target in
      let base = try #require(target.baseAddress)
      plaintext.withUnsafeBytes { cipher.seal($0, nonce: nonce, into: base) }
    }
    #expect(cipher.open(bytes) == plaintext)
    return hex(bytes)
  }

  @Test("sealing gives restic's bytes")
  func sealing() throws {
    #expect(
      try sealed(Array("holdfast restic v2 test vector".utf8))
        == "404142434445464748494a4b4c4d4e4fcb11b35bf13bc99bb30907b4f932d277c6473ee7cd9d1061fd8cdeba3f24"
        + "ea49e318214d499ec076f5fc8691777c")
    #expect(try sealed([]) == "404142434445464748494a4b4c4d4e4f859469c07743c7e45b318d151d3d87e9")
  }

  @Test("every flipped bit of a sealed object is noticed")
  func flips() throws {
    let cipher = AuthenticatedCipher(try #require(key))
    let sealed = cipher.seal(Array("holdfast".utf8))
    for bit in 0..<sealed.count * 8 {
      var broken = sealed
      broken[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(cipher.open(broken) == nil)
    }
    for length in 0..<sealed.count { #expect(cipher.open(Array(sealed.prefix(length))) == nil) }
  }

  @Test("a nonce is never the same")
  func nonces() throws {
    let cipher = AuthenticatedCipher(try #require(key))
    let nonces = (0..<1000).map { _ in Array(cipher.seal([1]).prefix(16)) }
    #expect(Set(nonces).count == 1000)
  }

  @Test("scrypt gives restic's key")
  func scryptKey() throws {
    let derived = try #require(
      scrypt(
        password: Array("pw".utf8), salt: Array(0x00...0x3f), cost: ScryptCost(n: 32768, r: 8, p: 1), length: 64))
    #expect(hex(Array(derived[0..<32])) == "d2b6cea0d0475ddfe2804c8a9b8f07369bf6b128e7b5141fc5c242d7a7d7456a")
    #expect(hex(Array(derived[32..<48])) == "65be058847f5a0744c0fd9cc1c61eeba")
    #expect(hex(Array(derived[48..<64])) == "8bdf9511d9347860dabf451b12c99cc6")
  }

  @Test(
    "scrypt gives RFC 7914's answers",
    arguments: [
      ("", "", ScryptCost(n: 16, r: 1, p: 1), "77d6576238657b203b19ca42c18a0497"),
      ("password", "NaCl", ScryptCost(n: 1024, r: 8, p: 16), "fdbabe1c9d3472007856e7190d01e9fe"),
      ("pleaseletmein", "SodiumChloride", ScryptCost(n: 16384, r: 8, p: 1), "7023bdcb3afd7348461c06cd81fd38eb"),
      // OpenSSL's: of two lanes and one.
      ("holdfast", "odd lanes", ScryptCost(n: 1024, r: 8, p: 3), "df0f162416f383e944f9f4616c4376c0"),
    ])
  func scryptAnswers(password: String, salt: String, cost: ScryptCost, expected: String) throws {
    let key = try #require(scrypt(password: Array(password.utf8), salt: Array(salt.utf8), cost: cost, length: 64))
    #expect(hex(Array(key[..<16])) == expected)
  }

  @Test(
    "a cost that makes no sense, or takes too much memory, is refused",
    arguments: [
      ScryptCost(n: 0, r: 8, p: 1), ScryptCost(n: 1, r: 8, p: 1), ScryptCost(n: 3000, r: 8, p: 1),
      ScryptCost(n: 1024, r: 0, p: 1), ScryptCost(n: 1024, r: 8, p: 0), ScryptCost(n: 1 << 40, r: 1 << 40, p: 1),
      ScryptCost(n: 1 << 24, r: 8, p: 1), ScryptCost(n: 2, r: 1 << 63, p: 2), ScryptCost(n: 2, r: 1 << 18, p: 3),
      ScryptCost(n: 2, r: 1 << 22, p: 1), ScryptCost(n: 2, r: 1, p: 1 << 40),
    ])
  func badCost(cost: ScryptCost) {
    #expect(scrypt(password: [1], salt: [2], cost: cost, length: 64) == nil)
  }

  @Test("HMAC-SHA-256 gives RFC 4231's answers")
  func hmac() {
    #expect(
      hex(hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      hex(hmacSHA256(key: [], [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test("SHA-256 at once, in pieces and again gives the same")
  func sha256() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(SHA256Digest(of: Array("abc".utf8)).hex == abc)
    let hash = SHA256()
    hash.update(Array("ab".utf8))
    hash.update(Array("c".utf8))
    #expect(hash.finish().hex == abc)
    #expect(Array("abc".utf8).withUnsafeBytes { hash.digest(of: $0) }.hex == abc)
    #expect(SHA256Digest(of: []).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("a digest is its bytes and its text, and sorts as they do")
  func digests() throws {
    let digests = (0..<50).map { SHA256Digest(of: [$0]) }
    #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    for digest in digests {
      #expect(digest.bytes.withUnsafeBytes { SHA256Digest(bytes: $0) } == digest)
      #expect(SHA256Digest(digest.hex) == digest)
    }
    #expect(SHA256Digest(digests[0].hex.uppercased()) == nil)
    #expect(SHA256Digest(String(digests[0].hex.dropLast())) == nil)
  }
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
