import Bytes

/// What is done with words that were never seen together.
extension PatternMiner {
  mutating func learn(_ bytes: ByteSpan) -> Match {
    learned &+= 1
    let joins = groups.joins
    let (node, isFresh) = insert(WordKey(scanner, bytes), joining: nil, bytes)
    let match = Match(id: groups.id(node), isNew: isFresh && groups.joins == joins)
    forgetOldest()
    return match
  }

  /// Whether the line just scanned has more variable values in a gap than any of its kind before.
  func raisesGaps(_ place: RecencyTable<Key>.Place) -> Bool {
    for index in 0...scanner.wordCount where scanner.gaps[index] > keys[place].gaps[index] { return true }
    return false
  }

  mutating func learnGaps(_ place: RecencyTable<Key>.Place, _ id: PatternID, _ bytes: ByteSpan) {
    raise(place, WordKey(scanner, bytes), bytes)
    _ = joinFuller(id, keys[place], wordCount: scanner.wordCount)
  }

  private mutating func insert(
    _ key: WordKey, joining other: PatternGroups.Node?, _ bytes: ByteSpan
  ) -> (node: PatternGroups.Node, isFresh: Bool) {
    let id = key.id
    if let place = keys.place(of: id.value) {
      raise(place, key, bytes)
      let node = keys[place].node
      return (other.map { groups.join(node, $0) } ?? groups.root(node), false)
    }
    let shorter = key.shorterIDs()
    for index in key.words.indices where isValue(key, index, shorter[index]) {
      var node = insert(key.removing(index), joining: nil, bytes).node
      if let other { node = groups.join(node, other) }
      _ = keys.insert(id.value, Key(node, key.gaps))
      return (node, false)
    }
    let known = groups.node(of: id)
    var node = known ?? groups.add(id, words: key.words.count, template: key.template(scanner, bytes))
    if let other { node = groups.join(node, other) }
    let place = keys.insert(id.value, Key(node, key.gaps))
    node = joinFuller(id, keys[place], wordCount: key.words.count)
    // Without its only word, a key would be like any line of values.
    if key.words.count > 1 {
      for index in key.words.indices { node = compare(key, index, shorter[index], node, bytes) }
    }
    return (groups.root(node), known == nil)
  }

  /// Remembers the most values that were seen in each gap, and shows them.
  private mutating func raise(_ place: RecencyTable<Key>.Place, _ key: WordKey, _ bytes: ByteSpan) {
    var key = key
    var isRaised = false
    for (index, gap) in key.gaps.enumerated() {
      if gap > keys[place].gaps[index] {
        keys[place].gaps[index] = gap
        isRaised = true
      }
      key.gaps[index] = keys[place].gaps[index]
    }
    if isRaised { groups.show(keys[place].node, as: key.id) { key.template(scanner, bytes) } }
  }

  /// Whether a word stands where others had values.
  private mutating func isValue(_ key: WordKey, _ index: Int, _ shorter: PatternID) -> Bool {
    if let place = values.place(of: shorter.value), values[place] & 1 << UInt64(index) != 0 { return true }
    guard key.words.count > 1, let place = keys.place(of: shorter.value),
      keys[place].gaps[index] > key.gap(without: index)
    else { return false }
    mark(shorter, index)
    return true
  }

  private mutating func mark(_ key: PatternID, _ index: Int) {
    let place = values.place(of: key.value) ?? values.insert(key.value, 0)
    values[place] |= 1 << UInt64(index)
  }

  /// Where this key has values, others had a word and fewer of them: they are of the same kind.
  private mutating func joinFuller(_ id: PatternID, _ key: Key, wordCount: Int) -> PatternGroups.Node {
    var node = key.node
    for index in 0...wordCount where key.gaps[index] > 0 {
      for word in seen.seen(id, index) where word.gap < key.gaps[index] {
        node = groups.join(node, word.node)
        mark(id, index)
      }
    }
    return node
  }

  /// Compares one word with those of other lines in its place, and joins them all if they are values.
  private mutating func compare(
    _ key: WordKey, _ index: Int, _ shorter: PatternID, _ node: PatternGroups.Node, _ bytes: ByteSpan
  ) -> PatternGroups.Node {
    let word = key.words[index]
    let (count, variable) = seen.note(
      shorter, index,
      VariableWords.Word(
        hash: UInt32(truncatingIfNeeded: word.hash), node: node, next: -1, gap: key.gap(without: index),
        looksVariable: word.looksVariable))
    let others = key.words.count - 1
    let looking = count > 1 ? variable : 0
    var threshold = others == 1 ? Threshold.besideOneWord : index == 0 ? Threshold.firstWords : Threshold.words
    if index > 0, looking == 0, key.words[index - 1].announcesName {
      threshold = min(threshold, Threshold.afterAnnouncement)
    }
    guard count >= threshold || looking >= Threshold.variableWords && others > 1 else { return node }
    mark(shorter, index)
    var node = node
    for word in seen.seen(shorter, index) { node = groups.join(node, word.node) }
    return insert(key.removing(index), joining: node, bytes).node
  }

  // MARK: forgetting

  private mutating func forgetOldest() {
    while keys.count > limits.keysMax { _ = keys.removeOldest() }
    while seen.placeCount > limits.placesMax || seen.wordCount > limits.wordsMax { seen.removeOldest() }
    while values.count > limits.keysMax { _ = values.removeOldest() }
    if groups.count >= nodesAfterSweep + limits.keysMax { sweep() }
  }

  /// Patterns that no key and no place leads to any more are dropped all at once; what leads to one then leads to its root.
  private mutating func sweep() {
    var groups = PatternGroups()
    swap(&groups, &self.groups)
    var marks = [PatternGroups.Mark](repeating: .forgotten, count: groups.count)
    keys.update { key in
      key.node = groups.root(key.node)
      marks[Int(key.node)] = .shown
    }
    seen.forEachNode { node in
      node = groups.root(node)
      if marks[Int(node)] == .forgotten { marks[Int(node)] = .kept }
    }
    let moved = groups.keep(marks)
    keys.update { $0.node = moved[Int($0.node)] }
    seen.forEachNode { $0 = moved[Int($0)] }
    swap(&groups, &self.groups)
    nodesAfterSweep = self.groups.count
  }
}
