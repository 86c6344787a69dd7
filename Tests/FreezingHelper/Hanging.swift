internal import Glibc

/// Starts a thread that writes to the folder, and hangs in it while the filesystem is frozen.
func hangInWrite(to folder: String) {
  let path = strdup(folder + "/hang")
  var thread = pthread_t()
  pthread_create(
    &thread, nil,
    { path in
      if let path = path?.assumingMemoryBound(to: CChar.self) { close(open(path, O_WRONLY | O_CREAT, 0o600)) }
      return nil
    }, path)
}
