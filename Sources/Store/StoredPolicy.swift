import GRDB

/// A policy that is to be stored. JSON is kept as it is given.
package struct NewPolicy: Sendable {
  package var service: String
  /// `user`, `rules`, …
  package var author: String
  package var reasoning: String?
  /// Seconds since 1970.
  package var created: Int64
  package var expires: Int64?
  /// As policies are written.
  package var document: [UInt8]
  /// What it comes to in fixed rates, for clients that sample by themselves.
  package var rates: [UInt8]

  package init(
    service: String, author: String, reasoning: String?, created: Int64, expires: Int64?, document: [UInt8],
    rates: [UInt8]
  ) {
    self.service = service
    self.author = author
    self.reasoning = reasoning
    self.created = created
    self.expires = expires
    self.document = document
    self.rates = rates
  }
}

/// A version of a service's policy. What it says never changes; which one is active does.
package struct StoredPolicy: Sendable, Equatable {
  package var id: Int64
  package var service: String
  package var version: UInt32
  package var author: String
  package var reasoning: String?
  package var created: Int64
  package var expires: Int64?
  package var isActive: Bool
  /// The policy that was active before this one.
  package var replaced: Int64?
  package var document: [UInt8]
  package var rates: [UInt8]

  init(_ row: Row) {
    id = row["id"]
    service = row["service"]
    let number: Int64 = row["version"]
    version = UInt32(clamping: number)
    author = row["author"]
    reasoning = row["reasoning"]
    created = row["created"]
    expires = row["expires"]
    isActive = row["is_active"]
    replaced = row["replaced"]
    let text: String = row["document"]
    document = Array(text.utf8)
    let derived: String = row["rates"]
    rates = Array(derived.utf8)
  }
}

/// A service that somebody named or that reported patterns.
package struct StoredService: Sendable, Equatable {
  package var id: Int64
  package var name: String
  package var team: Int64?
  package var created: Int64

  init(_ row: Row) {
    id = row["id"]
    name = row["name"]
    team = row["team"]
    created = row["created"]
  }
}
