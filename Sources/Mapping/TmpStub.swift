package struct Diagnostic: Sendable, CustomStringConvertible { package enum Severity: Sendable { case error, warning, note }; package var severity: Severity; package var description: String { "" }; package static func render(_ d: [Diagnostic]) -> String { "" } }
package func loadMappings(directory: String?) -> (set: MappingSet?, diagnostics: [Diagnostic]) { (nil, []) }
