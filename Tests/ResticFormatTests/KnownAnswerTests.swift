import Cryptography
import Testing

@testable import ResticFormat

@Suite("Documents are restic's, byte for byte")
struct KnownAnswerTests {
  private func id(_ digit: Character) throws -> SHA256Digest {
    try #require(SHA256Digest(String(repeating: digit, count: 64)))
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("a config")
  func config() throws {
    let json = #"{"version":2,"id":"\#(try id("a").hex)","chunker_polynomial":"3a6e0e5e7c1d4b"}"#
    let config = try RepositoryConfig(decoding: Array(json.utf8))
    #expect(config.version == 2)
    #expect(text(config.encoded()) == json)
    #expect(throws: FormatError.self) { try RepositoryConfig(decoding: Array(json.replacing(":2", with: ":3").utf8)) }
  }

  @Test("new configs have a polynomial that restic accepts, which is rare")
  func polynomials() {
    let configs = (0..<20).map { _ in RepositoryConfig.random() }
    #expect(configs.allSatisfy { $0.hasUsablePolynomial })
    #expect(configs.allSatisfy { $0.chunkerPolynomial.count == 14 })
    #expect(Set(configs.map(\.id)).count == 20)
    // x^4+x+1 and x^4+x^3+x^2+x+1 are irreducible; x^4+x^2+1 = (x^2+x+1)^2 is not, and x^2+1 = (x+1)^2.
    for prime: UInt64 in [0b10011, 0b11111, 0b111, 0b10] { #expect(isIrreducible(prime)) }
    for other: UInt64 in [0, 1, 0b10101, 0b101, 0b10001, 0b110] { #expect(!isIrreducible(other)) }
    // Of all polynomials of degree 12 there are 335.
    #expect((UInt64(1 << 12)..<1 << 13).count(where: isIrreducible) == 335)
  }

  @Test("a key, and the master key in it")
  func keys() throws {
    let salt = String(repeating: "AAAA", count: 21) + "AA=="
    let json =
      #"{"created":"2026-11-28T21:08:12.5+01:00","username":"root","hostname":"a\u003cb","kdf":"scrypt","#
      + #""N":32768,"r":8,"p":4,"salt":"\#(salt.dropLast(2))==","data":"AQID"}"#
    let file = try KeyFile(decoding: Array(json.utf8))
    #expect(file.cost == ScryptCost(n: 32768, r: 8, p: 4))
    #expect(file.hostname == "a<b")
    #expect(file.salt == [UInt8](repeating: 0, count: 64))
    #expect(file.data == [1, 2, 3])
    #expect(text(file.encoded()) == json)
    let other = json.replacing("scrypt", with: "argon2")
    #expect { try KeyFile(decoding: Array(other.utf8)) } throws: { ($0 as? FormatError)?.kind == .unsupported }

    let key = try #require(
      SealingKey(encryption: Array(0x00...0x1f), macK: Array(0x20...0x2f), macR: Array(0x30...0x3f)))
    let master = MasterKeyFile.encode(key)
    #expect(
      text(master) == #"{"mac":{"k":"ICEiIyQlJicoKSorLC0uLw==","r":"MDEyMzQ1Njc4OTo7PD0+Pw=="},"#
        + #""encrypt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#)
    #expect(try MasterKeyFile.decode(master) == key)
  }

  @Test("a pack's header")
  func packHeader() throws {
    let blobs = [
      PackedBlob(id: try id("1"), type: .data, offset: 0, length: 38, uncompressedLength: 0),
      PackedBlob(id: try id("2"), type: .tree, offset: 38, length: 0x0102, uncompressedLength: 0x01020304),
    ]
    let header = PackHeader.encode(blobs)
    let first: [UInt8] = [0, 38, 0, 0, 0] + (try id("1")).bytes
    #expect(header == first + [3, 2, 1, 0, 0, 4, 3, 2, 1] + (try id("2")).bytes)
    #expect(header.count == PackHeader.length(blobs))
    #expect(try PackHeader.decode(header) == blobs)
    #expect(throws: FormatError.self) { try PackHeader.decode(Array(header.dropLast())) }
    #expect(throws: FormatError.self) { try PackHeader.decode([4] + header.dropFirst()) }
  }

  @Test("an index")
  func index() throws {
    let (pack, blob) = (try id("c"), try id("d"))
    let json =
      #"{"packs":[{"id":"\#(pack)","blobs":[{"id":"\#(blob)","type":"data","offset":0,"length":38},"#
      + #"{"id":"\#(blob)","type":"tree","offset":38,"length":112,"uncompressed_length":511}]}]}"# + "\n"
    let index = try IndexFile.decode(Array(json.utf8))
    #expect(index.packs.count == 1)
    #expect(index.packs[0].blobs[1].plaintextLength == 511)
    #expect(text(IndexFile.encode(index.packs)) == json)
    let old = #" { "supersedes" : [ "\#(pack)" ], "extra": {"a":[1.5e3,null,true,"x"]}, "packs": null } "#
    #expect(try IndexFile.decode(Array(old.utf8)).supersedes == [pack])
  }

  @Test("a snapshot, with all members and with the least")
  func snapshot() throws {
    let (tree, parent) = (try id("1"), try id("2"))
    let full =
      #"{"time":"2026-11-28T22:08:12.123456789+01:00","parent":"\#(parent)","tree":"\#(tree)","paths":["/a","/b\u0026"],"#
      + #""hostname":"host","username":"root","uid":7,"gid":8,"excludes":["*.o"],"tags":["x","y"],"original":"\#(parent)","#
      + #""program_version":"restic 0.18.0","summary":{"backup_start":"2026-11-28T22:08:12+01:00","#
      + #""backup_end":"2026-11-28T22:08:13.1+01:00","files_new":1,"files_changed":2,"files_unmodified":3,"dirs_new":4,"#
      + #""dirs_changed":5,"dirs_unmodified":6,"data_blobs":7,"tree_blobs":8,"data_added":9,"data_added_packed":10,"#
      + #""total_files_processed":11,"total_bytes_processed":12}}"#
    let snapshot = try Snapshot(decoding: Array(full.utf8))
    #expect(snapshot.time.offsetSeconds == 3600)
    #expect(snapshot.time.nanoseconds == 123_456_789)
    #expect(snapshot.paths == ["/a", "/b&"])
    #expect(snapshot.summary?.totalBytesProcessed == 12)
    #expect(text(snapshot.encoded()) == full)

    let least = #"{"time":"2026-11-28T22:08:12Z","tree":"\#(tree)","paths":[]}"#
    #expect(text(try Snapshot(decoding: Array(least.utf8)).encoded()) == least)
    #expect(throws: FormatError.self) { try Snapshot(decoding: Array(#"{"time":"2026-11-28T22:08:12Z"}"#.utf8)) }
  }

  @Test("a lock")
  func lock() throws {
    let root = #"{"time":"2026-11-28T21:08:12.1Z","exclusive":true,"hostname":"h","username":"root","pid":42}"#
    let lock = try LockFile(decoding: Array(root.utf8))
    #expect(lock.exclusive && lock.pid == 42 && lock.uid == 0)
    #expect(text(lock.encoded()) == root)
    let user = root.dropLast() + #","uid":1000,"gid":100}"#
    #expect(text(try LockFile(decoding: Array(user.utf8)).encoded()) == user)
  }

  @Test("members that are unknown, null or twice there are taken as Go takes them")
  func forgiveness() throws {
    let json = #"{"new":{"deep":[[[1]]]},"time":null,"pid":1,"hostname":"a","hostname":"b","pid":2,"exclusive":null}"#
    let lock = try LockFile(decoding: Array(json.utf8))
    #expect(lock.pid == 2 && lock.hostname == "b" && !lock.exclusive && lock.time.seconds == 0)
  }
}
