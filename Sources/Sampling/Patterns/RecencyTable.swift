/// Values by hash in the order of their last use, in places that stay where they are: what was used longest ago is the first
/// to go. Its memory grows with what it holds and is used again.
struct RecencyTable<Value: Sendable>: Sendable {
  typealias Place = Int32
  static var none: Place { -1 }

  private struct Entry: Sendable {
    var hash: UInt64
    var older: Place
    var newer: Place
    var value: Value
  }

  private var entries: [Entry] = []
  /// Keyed by process, so that nobody can choose hashes that meet in it.
  private var places: [UInt64: Place] = [:]
  private var free: [Place] = []
  private var oldest: Place = -1
  private var newest: Place = -1

  var count: Int { places.count }

  func place(of hash: UInt64) -> Place? { places[hash] }

  subscript(place: Place) -> Value {
    _read { yield entries[Int(place)].value }
    _modify { yield &entries[Int(place)].value }
  }

  /// Puts in what is not there yet, as the newest.
  mutating func insert(_ hash: UInt64, _ value: Value) -> Place {
    let entry = Entry(hash: hash, older: newest, newer: Self.none, value: value)
    let place: Place
    if let unused = free.popLast() {
      place = unused
      entries[Int(place)] = entry
    } else {
      place = Place(truncatingIfNeeded: entries.count)
      entries.append(entry)
    }
    places[hash] = place
    linkNewest(place)
    return place
  }

  /// Makes it the newest.
  mutating func touch(_ place: Place) {
    if place == newest { return }
    unlink(place)
    entries[Int(place)].older = newest
    entries[Int(place)].newer = Self.none
    linkNewest(place)
  }

  /// The value that was used longest ago, taken out; nil if there is none.
  mutating func removeOldest() -> Value? {
    guard oldest != Self.none else { return nil }
    let place = oldest
    unlink(place)
    let entry = entries[Int(place)]
    places[entry.hash] = nil
    free.append(place)
    return entry.value
  }

  /// Changes each value, from the oldest on.
  mutating func update(_ body: (inout Value) -> Void) {
    var place = oldest
    while place != Self.none {
      body(&entries[Int(place)].value)
      place = entries[Int(place)].newer
    }
  }

  private mutating func linkNewest(_ place: Place) {
    if newest != Self.none { entries[Int(newest)].newer = place } else { oldest = place }
    newest = place
  }

  private mutating func unlink(_ place: Place) {
    let entry = (older: entries[Int(place)].older, newer: entries[Int(place)].newer)
    if entry.older != Self.none { entries[Int(entry.older)].newer = entry.newer } else { oldest = entry.newer }
    if entry.newer != Self.none { entries[Int(entry.newer)].older = entry.older } else { newest = entry.older }
  }
}
