import Glibc

/// A named moment at which a crash must harm nothing. Tests let the process die there; otherwise it costs a comparison.
///
/// `HOLDFAST_FAILPOINTS` names a folder. If that holds a file of this name, the first process to come by removes the file and
/// dies as by kill -9; with the text `sleep SECONDS` in the file it rests there so long instead, for whoever wants to look.
public func failPoint(_ name: String) {
  guard let folder = failPointFolder else { return }
  let path = "\(folder)/\(name)"
  var text = [UInt8](repeating: 0, count: 64)
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  let length = read(file, &text, text.count)
  close(file)
  // Whoever removes it is the one to die.
  guard unlink(path) == 0 else { return }
  let words = String(decoding: text.prefix(max(0, length)), as: UTF8.self).split(whereSeparator: \.isWhitespace)
  if words.count == 2, words[0] == "sleep", let seconds = UInt32(words[1]) {
    sleep(seconds)
    return
  }
  kill(getpid(), SIGKILL)
  while true { pause() }
}

/// Read once: an environment does not change.
private let failPointFolder: String? = getenv("HOLDFAST_FAILPOINTS").map { String(cString: $0) }
