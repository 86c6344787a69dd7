import Glibc

/// Reads until the end of `pipe`. When cancelled it still takes what is in the pipe, up to a pipe's size, so that
/// nothing is lost that a program wrote before it ended.
func read(_ pipe: Descriptor, _ take: (UnsafeRawBufferPointer) -> Void) async {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  defer { buffer.deallocate() }
  var sinceYield = 0
  var left = 1 << 20  // after cancellation: the largest pipe that Linux allows by default
  while left > 0 {
    let isLast = Task.isCancelled
    let count = Glibc.read(pipe.number, buffer.baseAddress, buffer.count)
    if count > 0 {
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      if isLast { left -= count }
      sinceYield += count
      // A flood must not keep a thread from all other tasks.
      if sinceYield >= 128 << 10 {
        sinceYield = 0
        await Task.yield()
      }
    } else if count == 0 {
      return
    } else if errno == EAGAIN {
      if isLast { return }
      do throws(WaitError) {
        _ = try await Reactor.shared.wait(for: .readable, on: pipe.number)
      } catch {
        guard error == .cancelled else { return }
      }
    } else if errno != EINTR {
      return
    }
  }
}

/// Writes `bytes` to `pipe` until done, cancelled, or nobody reads any more; then closes it.
func feed(_ bytes: [UInt8], to pipe: Descriptor?) async {
  guard let pipe else { return }
  defer { pipe.close() }
  var sent = 0
  while sent < bytes.count, !Task.isCancelled {
    let count = bytes.withUnsafeBytes { all in
      let part = UnsafeRawBufferPointer(rebasing: all[sent...])
      return Glibc.write(pipe.number, part.baseAddress, part.count)
    }
    if count >= 0 {
      sent += count
    } else if errno == EAGAIN {
      guard (try? await Reactor.shared.wait(for: .writable, on: pipe.number)) != nil else { return }
    } else if errno != EINTR {
      return  // EPIPE: a program need not read its input
    }
  }
}
