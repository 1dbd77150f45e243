import Bytes
import Telemetry

/// Finding a span's attribute by its slot. One span at a time has a table for that, so that a trace takes no more memory
/// the more names the rules know; of other spans (ancestors, mostly) the attributes are gone through.
extension Mapper {
  /// Makes the table be about a span; -1 for none.
  func focus(_ index: Int) {
    if focused == index { return }
    if focused >= 0 {
      for attribute in batch.spans[focused].attributes { places[Int(keys[Int(attribute)])] = 0 }
    }
    focused = index
    if index < 0 { return }
    var slots: UInt64 = 0
    for attribute in batch.spans[index].attributes {
      let key = Int(keys[Int(attribute)])
      if places[key] != 0 { spans[index].hasRepeats = true }
      places[key] = attribute &+ 1
      if key < slotCount { slots |= 1 &<< UInt64(truncatingIfNeeded: key) }
    }
    spans[index].slots = slots
  }

  /// A span's attribute in a slot, the last one if there are several; -1 for none.
  @inline(__always) func attribute(in slot: Int, of index: Int) -> Int {
    index == focused ? Int(places[slot]) &- 1 : attributeElsewhere(in: slot, of: index)
  }

  private func attributeElsewhere(in slot: Int, of index: Int) -> Int {
    if spans[index].slots &>> UInt64(truncatingIfNeeded: slot) & 1 == 0 { return -1 }
    for attribute in batch.spans[index].attributes.reversed() where Int(keys[Int(attribute)]) == slot {
      return Int(attribute)
    }
    return -1
  }
}
