// Package detect runs rules over the stream of events and says what hits.
//
// Single events are matched in parallel, one Worker to a goroutine; what correlations need of them is gathered, put in
// order of the events' own time, and counted by one goroutine. The same input gives the same hits, whatever the
// batches and the number of workers. The package does no I/O and reads no clock.
package detect
