import Foundation

/// Measurements as text in columns: medians, the spread, and the ratio of medians to each row's baseline.
struct Table {
  private var rows: [Measurement] = []

  mutating func add(_ row: Measurement) {
    rows.append(row)
    FileHandle.standardError.write(Data("  \(row.name): \(number(row.median)) \(row.unit)\n".utf8))
  }

  var text: String {
    let heading = ["", "median", "min – max", "unit", "ratio", "to"]
    let cells = [heading] + rows.map(cells)
    let widths = heading.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let lines = cells.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return [1, 2, 4].contains(column) ? padding + cell : cell + padding
      }.joined(separator: "  ")
    }
    return lines.joined(separator: "\n")
  }

  private func cells(_ row: Measurement) -> [String] {
    let spread = "\(number(row.values.min() ?? .nan)) – \(number(row.values.max() ?? .nan))"
    let base = rows.first { $0.name == row.baseline && $0.unit == row.unit }
    let ratio = base.map { String(format: "%.2f", row.median / $0.median) } ?? ""
    return [row.name, number(row.median), spread, row.unit, ratio, base?.name ?? ""]
  }

  /// Three digits that count.
  private func number(_ value: Double) -> String {
    value >= 1000 ? String(format: "%.1fk", value / 1000) : String(format: value >= 100 ? "%.0f" : "%.2f", value)
  }
}
