// Package sigma is the Sigma detection language: it loads rules, compiles them and matches them against events.
// Source: the Sigma specification, version 2.1 (rules, correlation rules, filters and their appendices).
//
// Load turns YAML into Rules and tells every mistake with its place; Collect resolves what rules say of each other;
// Compile makes an Engine of them, and one Matcher for each goroutine finds the rules that describe an event.
// Correlation rules are loaded and checked here, and counted by whoever sees all hits in order of time.
//
// The package does no I/O, reads no clock and starts no goroutine. Rules and Engines may be shared between goroutines; a
// Matcher belongs to one. A Matcher keeps nothing of an event after Match returns.
package sigma
