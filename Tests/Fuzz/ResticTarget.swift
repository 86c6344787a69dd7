import Cryptography
import ResticFormat

/// The readers of a repository's documents. Each input goes to all of them.
enum ResticTarget: FuzzTarget {
  private static let id = SHA256Digest(of: Array("id".utf8))
  private static let time = "2026-11-28T22:08:12.123456789+01:00"

  private static let documents: [String] = [
    #"{"version":2,"id":"\#(id)","chunker_polynomial":"3a6e0e5e7c1d4b"}"#,
    #"{"time":"\#(time)","exclusive":true,"hostname":"h","username":"root","pid":42,"uid":1,"gid":2}"#,
    #"{"created":"\#(time)","username":"root","hostname":"h","kdf":"scrypt","N":32768,"r":8,"p":4,"salt":""#
      + String(repeating: "AAAA", count: 21) + #"AA==","data":"AQID"}"#,
    #"{"mac":{"k":"ICEiIyQlJicoKSorLC0uLw==","r":"MDEyMzQ1Njc4OTo7PD0+Pw=="},"encrypt":""#
      + #"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#,
    #"{"packs":[{"id":"\#(id)","blobs":[{"id":"\#(id)","type":"data","offset":0,"length":38},"#
      + #"{"id":"\#(id)","type":"tree","offset":38,"length":112,"uncompressed_length":511}]}]}"#,
    #"{"time":"\#(time)","parent":"\#(id)","tree":"\#(id)","paths":["/a","/b\u0026"],"hostname":"h","uid":7,"#
      + #""excludes":["*.o"],"tags":["x"],"original":"\#(id)","program_version":"restic","summary":{"#
      + #""backup_start":"\#(time)","files_new":1,"dirs_changed":5,"data_added":9}}"#,
    #"{"nodes":[{"name":"f\\xff\\u200b","type":"file","mode":420,"mtime":"\#(time)","atime":"\#(time)","#
      + #""ctime":"1965-01-01T03:04:05Z","uid":0,"gid":0,"user":"root","inode":1,"device_id":5,"size":1,"links":2,"#
      + #""extended_attributes":[{"name":"user.a","value":"AAECAw=="},{"name":"b","value":null}],"content":["\#(id)"]},"#
      + #"{"name":"l","type":"symlink","linktarget":"\ud83d\ude00\ufffd","linktarget_raw":"dG8I/w==","content":null},"#
      + #"{"name":"d","type":"dir","generic_attributes":{"a":[1,{}]},"content":null,"subtree":"\#(id)"},"#
      + #"{"name":"n","type":"chardev","device":259,"content":null,"error":"x"}]}"# + "\n",
  ]

  static let corpus =
    documents.map { Array($0.utf8) } + [
      PackHeader.encode([
        PackedBlob(id: id, type: .data, offset: 0, length: 38, uncompressedLength: 0),
        PackedBlob(id: id, type: .tree, offset: 38, length: 99, uncompressedLength: 400),
      ]), [],
    ]

  static let dictionary =
    [
      "{", "}", "[", "]", ",", ":", "\"", "null", "true", "false", "{}", "[]", "\"\"", "0", "-1", "-0", "1.5", "1e9",
      "18446744073709551615", "18446744073709551616", "4294967295", "4294967296", "9223372036854775808",
      "-9223372036854775808", "\\", "\\\\", "\\u0000", "\\ud800", "\\udc00", "\\\\x", "\\\\U0010ffff", "\\\\777",
      "\"file\"", "\"dir\"", "\"symlink\"", "\"data\"", "\"tree\"", "\"\(id)\"", "\"\(time)\"", "0000-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999999-23:59", "\"nodes\":", "\"name\":", "\"type\":", "\"content\":", "\"packs\":",
      "\"blobs\":", "\"length\":", "=", "==", "AAAA", "\n", " ", "\0", "é", "\u{2028}",
    ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFF, 0xFF, 0xFF]]

  static let nestings = [("[", "]"), ("{\"a\":", "}"), ("{\"nodes\":[", "]}"), ("\\\\", ""), ("\"", "\"")]

  private enum Document: CaseIterable { case config, lock, key, masterKey, index, snapshot, tree, packHeader }

  /// What is written after `bytes` were read.
  private static func rewritten(_ document: Document, _ bytes: [UInt8]) throws(FormatError) -> [UInt8] {
    switch document {
    case .config: try RepositoryConfig(decoding: bytes).encoded()
    case .lock: try LockFile(decoding: bytes).encoded()
    case .key: try KeyFile(decoding: bytes).encoded()
    case .masterKey: MasterKeyFile.encode(try MasterKeyFile.decode(bytes))
    case .index: IndexFile.encode(try IndexFile.decode(bytes).packs)
    case .snapshot: try Snapshot(decoding: bytes).encoded()
    case .tree: TreeEncoder.encode(try decodeTree(bytes))
    case .packHeader: PackHeader.encode(try PackHeader.decode(bytes))
    }
  }

  static func feed(_ input: [UInt8]) throws(FuzzFinding) -> FuzzVerdict {
    var verdict = FuzzVerdict.rejected
    for document in Document.allCases {
      let written: [UInt8]
      do throws(FormatError) {
        written = try rewritten(document, input)
      } catch {
        guard !error.description.isEmpty, error.description.utf8.count < 1_000 + input.count * 3 else {
          throw FuzzFinding("what a message: \(error)")
        }
        continue
      }
      verdict = .accepted
      let again: [UInt8]
      do throws(FormatError) {
        again = try rewritten(document, written)
      } catch {
        throw FuzzFinding("what was written is not read: \(error)")
      }
      guard again == written else {
        throw FuzzFinding("what was written is read as something else: \(String(decoding: written, as: UTF8.self))")
      }
    }
    return verdict
  }
}
