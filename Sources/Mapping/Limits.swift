/// The limits of mapping. Each can only shorten what a person sees, never lose an event.
package enum MappingLimits {
  /// One property's JSON. PostHog takes events of 8 MiB; one property should not crowd out the rest.
  package static let propertyBytesMax = 1 << 20
  /// One event's JSON: PostHog's 8 MiB less what a batch adds around it.
  package static let eventBytesMax = 7_864_320
  /// Base64 longer than this is a file, not a text: it becomes its size and digest.
  package static let blobBytesMax = 8192
  /// A larger index in `gen_ai.prompt.N` is a mistake or an attack.
  package static let gatherIndexMax = 1024
  /// Slots that one span may gather.
  package static let gatherSlotsMax = 4096
  /// PostHog's limit for `distinct_id`, in characters; cut at the byte, which is never longer.
  package static let distinctIDBytesMax = 200
  /// What is remembered of a trace's inherited properties for its late spans: some ids and names. It is kept for every
  /// trace of the last minutes, in memory and on disk.
  package static let inheritedBytesMax = 1024
  /// Distinct attribute names remembered between spans; a client that makes up names pays for them itself.
  package static let keysRememberedMax = 8192
  /// How far up a chain of parents is followed; deeper is a cycle or an attack.
  package static let ancestorsMax = 10_000
  /// Nanoseconds by which a call may stick out of the one it is nested in: layers read the clock one after the other.
  package static let nestedSlack: UInt64 = 1_000_000
  /// Calls remembered between traces, for those that tell of them again from a trace of their own.
  package static let callsRememberedMax = 16_384
  /// Strings are cut to these lengths, one after the other, until a property fits.
  package static let stringBytesSteps = [65_536, 8192, 1024, 64]
}
