/// The name that was most likely meant by `word`; nil if none is close.
func nearest(to word: String, among names: [String]) -> String? {
  let word = Array(word.lowercased())
  let limit = max(1, word.count / 3)
  return names.map { (name: $0, distance: editDistance(word, Array($0.lowercased()))) }
    .filter { $0.distance <= limit }
    .min { $0.distance < $1.distance }?.name
}

/// How many characters have to be inserted, removed or replaced to make one of the other.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var row = Array(0...right.count)
  for (i, a) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in right.enumerated() {
      let replaced = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
    }
  }
  return row[right.count]
}
