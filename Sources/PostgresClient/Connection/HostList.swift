/// libpq's comma-separated lists of hosts, addresses and ports, which go together by position.
struct HostList {
  private let hosts: [String]
  private let addresses: [String]
  private let ports: [String]

  init(_ options: [String: String]) {
    func list(_ key: String) -> [String] {
      guard let value = options[key], !value.isEmpty else { return [] }
      return value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    hosts = list("host")
    addresses = list("hostaddr")
    ports = list("port")
  }

  /// The lists without the entry that has this host (or address) and port; nil if nothing would be left.
  func removing(host: String, port: String) -> [String: String]? {
    let count = max(hosts.count, addresses.count)
    let remaining = (0..<count).filter { index in
      let samePort = ports.count == count ? ports[index] == port || ports[index].isEmpty : true
      let sameHost =
        (index < hosts.count && hosts[index] == host) || (index < addresses.count && addresses[index] == host)
      return !(samePort && sameHost)
    }
    guard !remaining.isEmpty, remaining.count < count else { return nil }
    var options: [String: String] = [:]
    func put(_ key: String, _ list: [String]) {
      if list.count == count { options[key] = remaining.map { list[$0] }.joined(separator: ",") }
    }
    put("host", hosts)
    put("hostaddr", addresses)
    put("port", ports)
    return options
  }
}
