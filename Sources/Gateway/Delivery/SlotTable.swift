/// Values under small numbers that are used again: cheaper than a dictionary for what comes and goes all the time.
struct SlotTable<Value> {
  private var slots: [Value?] = []
  private var free: [Int] = []

  var isEmpty: Bool { slots.count == free.count }

  mutating func insert(_ value: Value) -> UInt64 {
    if let slot = free.popLast() {
      slots[slot] = value
      return UInt64(slot)
    }
    slots.append(value)
    return UInt64(slots.count - 1)
  }

  subscript(_ slot: UInt64) -> Value? {
    get { slot < UInt64(slots.count) ? slots[Int(slot)] : nil }
    // In place: a copy for each event of a trace would count references for each.
    _modify { yield &slots[Int(slot)] }
  }

  mutating func remove(_ slot: UInt64) -> Value? {
    guard let value = slots[Int(slot)].take() else { return nil }
    free.append(Int(slot))
    return value
  }
}
