package source

import (
	"bytes"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/tocsin-sec/tocsin/netflow"
)

// What an exporter has told of its records is kept as the position of its stream, so that its first datagrams after a
// restart can be read: exporters tell their templates every few minutes only. It is the seconds since 1970, a space,
// and what netflow.Exporter.Told returned, deflated, in base64.

const (
	maxToldFlows = 32 << 10  // bytes that are kept of one exporter, before they are deflated
	toldAnew     = time.Hour // after which it is kept again, so that it does not look old
)

// encodeTold returns the position that keeps what an exporter has told, or as much of it as fits; "" where nothing does.
func encodeTold(e *netflow.Exporter, now time.Time) string {
	for limit := maxToldFlows; limit > 64; limit /= 2 {
		told := e.Told(limit)
		if told == "" {
			return ""
		}
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.DefaultCompression)
		if err != nil {
			return ""
		}
		_, err = w.Write([]byte(told))
		if err != nil || w.Close() != nil {
			return ""
		}
		position := strconv.FormatInt(now.Unix(), 10) + " " + base64.RawStdEncoding.EncodeToString(b.Bytes())
		if len(position) <= MaxPosition {
			return position
		}
		limit = min(limit, 2*len(told))
	}
	return ""
}

// decodeTold returns what a position keeps, "" where it is none, or older than an exporter's templates are remembered.
func decodeTold(position string, now time.Time) string {
	at, text, ok := strings.Cut(position, " ")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > netflowForget {
		return ""
	}
	packed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	told, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxToldFlows))
	if err != nil {
		return ""
	}
	return string(told)
}

// recall takes in what the exporter told before the process was started.
func (s *flowShaper) recall(position string) {
	if told := decodeTold(position, s.now()); told != "" {
		s.exporter.Recall(told)
	}
}
