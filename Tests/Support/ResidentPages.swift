import Foundation

/// How many pages of a stretch of an open file the page cache holds; `start` is where a page begins.
public func residentPages(_ descriptor: CInt, _ length: Int, at start: Int = 0) throws -> Int {
  guard let address = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, off_t(start)), address != MAP_FAILED else {
    throw TestSupportError("mmap: \(String(cString: strerror(errno)))")
  }
  defer { munmap(address, length) }
  let page = sysconf(CInt(_SC_PAGESIZE))
  var pages = [UInt8](repeating: 0, count: (length + page - 1) / page)
  guard mincore(address, length, &pages) == 0 else {
    throw TestSupportError("mincore: \(String(cString: strerror(errno)))")
  }
  return pages.count { $0 & 1 == 1 }
}
