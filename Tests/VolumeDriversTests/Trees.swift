import Foundation
import TestSupport
import Testing

/// Makes `data`, with everything that a file system can hold.
let richTree = """
  mkdir -p data/sub/deep data/empty data/locked
  echo plain > data/plain; echo deep > data/sub/deep/file
  printf '#!/bin/sh\\n' > data/script; chown 12:34 data/script; chmod 4751 data/script
  ln data/plain data/hard1; ln data/plain data/sub/hard2
  ln -s ../nowhere data/link; chown -h 7:8 data/link
  mkfifo data/fifo; mknod data/null c 1 3
  truncate -s 8M data/sparse; printf x | dd of=data/sparse bs=1 seek=3M conv=notrunc status=none; truncate -s 9M data/hole
  setfattr -n user.note -v hello data/plain; setfattr -n user.folder -v 1 data/sub
  setfacl -m u:1234:rw data/plain; setfacl -d -m g:4321:rx data/sub
  head -c 300000 /dev/urandom > data/random
  printf x > "$(printf 'data/n\\303\\244me \\001\\n')"
  touch -d '2001-02-03 04:05:06.789' data/plain data/sub; touch -h -d '1999-01-01' data/link; touch -d '2010-10-10' data
  chmod 500 data/locked; chmod 1777 data/empty; chown 55:66 data/empty
  """

/// What the tree is, as text: two trees are alike if it is. Times of access are left out, and in a snapshot's copy what it says
/// of its source.
func fingerprint(_ folder: URL, ofCopy: Bool = false) async throws -> String {
  let hidden = ofCopy ? " user.holdfast.source=" : "^$"
  return try await shell(
    """
    find . -name .holdfast -prune -o -printf '%P %y %m %U %G %T@ %n %l' \\( -type f -printf ' %s' -o -true \\) -printf '\\n' | LC_ALL=C sort
    find . -name .holdfast -prune -o -type f -links +1 -printf '%i %P\\n' | LC_ALL=C sort | awk '{ if (!($1 in n)) n[$1] = ++c; print n[$1], $2 }' | LC_ALL=C sort -k 2
    find . -name .holdfast -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
    find . -name .holdfast -prune -o -print0 | xargs -0 getfattr -h -d -m - | awk '/^# file: / { name = $0; next } NF { print name, $0 }' | grep -v '\(hidden)' | sort
    find . -name .holdfast -prune -o ! -type l -print0 | xargs -0 getfacl -n -p | sort
    find . -name .holdfast -prune -o \\( -name sparse -o -name hole \\) -size +1M -printf '%P %b\\n' | awk '$2 < 4096' | cut -d' ' -f1 | sort
    stat -c '%n %t %T' null 2>/dev/null || true
    """, in: folder)
}

/// Runs a script, and returns what it wrote; an error if it failed.
@discardableResult
func shell(_ script: String, in folder: URL) async throws -> String {
  let result = try await runProgram("/bin/bash", ["-euc", script], directory: folder)
  guard result.exitCode == 0 else { throw TestSupportError("\(script) failed: \(result.errors)") }
  return result.output
}

extension String {
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

/// Writes a program by another process: a file that we have open for writing could be inherited by a program that another test
/// starts just then, and would be too busy to be run.
func writeProgram(_ text: String, to file: URL) async throws {
  let result = try await runProgram("/bin/sh", ["-c", #"cat >"$0" && chmod 755 "$0""#, file.path], input: text)
  guard result.exitCode == 0 else { throw TestSupportError("cannot write \(file.path): \(result.errors)") }
}
