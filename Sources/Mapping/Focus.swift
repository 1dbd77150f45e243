import Bytes
import Telemetry

/// Finding a span's attribute by its slot. One span at a time has a table for that, so that a trace takes no more memory
/// the more names the rules know; of other spans (ancestors, mostly) it is known which slots they have, and their
/// attributes are gone through.
struct Focus: ~Copyable {
  /// The span that the table is about; -1 for none.
  private(set) var span = -1
  /// For each name, the turn in which a span had it, and below it the attribute's index plus one. What is of an earlier
  /// turn is not there, so that nothing has to be cleared.
  private var places = ValueBuffer<UInt64>()
  private var turn: UInt64 = 0

  @inline(__always) func attribute(_ slot: Int) -> Int {
    let place = places[slot]
    return place &>> 32 == turn ? Int(truncatingIfNeeded: place & 0xffff_ffff) &- 1 : -1
  }

  /// Forgets the span.
  mutating func clear() { span = -1 }

  /// Takes a span's attributes; says whether one of them is given twice. There are `names` different ones.
  mutating func set(_ index: Int, _ attributes: Run, keys: borrowing ValueBuffer<Int32>, names: Int) -> Bool {
    span = index
    turn &+= 1
    if turn > UInt64(UInt32.max) {
      turn = 1
      places.removeAll()
    }
    places.extend(to: names, with: 0)
    let high = turn &<< 32
    var hasRepeats = false
    for attribute in attributes {
      let key = Int(keys[Int(attribute)])
      if places[key] >= high { hasRepeats = true }
      places[key] = high | UInt64(truncatingIfNeeded: attribute &+ 1)
    }
    return hasRepeats
  }
}

extension Mapper {
  /// Makes the table be about a span.
  func focus(on index: Int) {
    if focus.span == index { return }
    spans[index].hasRepeats = focus.set(index, batch.spans[index].attributes, keys: keys, names: memory.count)
  }

  /// A span's attribute in a slot, the last one if there are several; -1 for none.
  @inline(__always) func attribute(in slot: Int, of index: Int) -> Int {
    index == focus.span ? focus.attribute(slot) : attributeElsewhere(in: slot, of: index)
  }

  private func attributeElsewhere(in slot: Int, of index: Int) -> Int {
    if slotsPresent[index &* slotWords &+ slot &>> 6] &>> UInt64(truncatingIfNeeded: slot) & 1 == 0 { return -1 }
    for attribute in batch.spans[index].attributes.reversed() where Int(keys[Int(attribute)]) == slot {
      return Int(attribute)
    }
    return -1
  }
}
