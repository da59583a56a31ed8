//go:build race

package query

// raceDetector tells that the race detector watches: then a sync.Pool loses things on purpose.
const raceDetector = true
