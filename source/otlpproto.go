package source

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/VictoriaMetrics/easyproto"

	"github.com/tocsin-sec/tocsin/event"
)

var errOTLP = errors.New("the body is no ExportLogsServiceRequest")

// messages calls f for each field of a message.
func messages(data []byte, f func(fc *easyproto.FieldContext) error) error {
	var fc easyproto.FieldContext
	for len(data) > 0 {
		var err error
		if data, err = fc.NextField(data); err != nil {
			return fmt.Errorf("%w: %s", errOTLP, err)
		}
		if err := f(&fc); err != nil {
			return err
		}
	}
	return nil
}

// message returns the message in a field.
func message(fc *easyproto.FieldContext) ([]byte, error) {
	data, ok := fc.MessageData()
	if !ok {
		return nil, fmt.Errorf("%w: field %d is no message", errOTLP, fc.FieldNum)
	}
	return data, nil
}

// collect returns the messages in the fields of a number.
func collect(data []byte, number uint32) (list [][]byte, err error) {
	err = messages(data, func(fc *easyproto.FieldContext) error {
		if fc.FieldNum != number {
			return nil
		}
		m, err := message(fc)
		list = append(list, m)
		return err
	})
	return list, err
}

// protobuf reads an ExportLogsServiceRequest.
func (l *otlpLogs) protobuf(data []byte) error {
	resources, err := collect(data, 1)
	if err != nil {
		return err
	}
	for _, r := range resources {
		if err := l.protoResource(r); err != nil {
			return err
		}
	}
	return nil
}

// protoResource reads a ResourceLogs: the resource may stand behind its records.
func (l *otlpLogs) protoResource(data []byte) error {
	var about, scopes [][]byte
	err := messages(data, func(fc *easyproto.FieldContext) error {
		if fc.FieldNum != 1 && fc.FieldNum != 2 {
			return nil
		}
		m, err := message(fc)
		if err != nil {
			return err
		}
		if fc.FieldNum == 2 {
			scopes = append(scopes, m)
			return nil
		}
		more, err := collect(m, 1)
		about = append(about, more...)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range scopes {
		if err := l.protoScope(s, about); err != nil {
			return err
		}
	}
	return nil
}

// protoScope reads a ScopeLogs.
func (l *otlpLogs) protoScope(data []byte, resource [][]byte) error {
	var records, about [][]byte
	name, version := "", ""
	err := messages(data, func(fc *easyproto.FieldContext) error {
		if fc.FieldNum != 1 && fc.FieldNum != 2 {
			return nil
		}
		m, err := message(fc)
		if err != nil {
			return err
		}
		if fc.FieldNum == 2 {
			records = append(records, m)
			return nil
		}
		return messages(m, func(fc *easyproto.FieldContext) error {
			switch fc.FieldNum {
			case 1:
				name, _ = fc.String()
			case 2:
				version, _ = fc.String()
			case 3:
				m, err := message(fc)
				about = append(about, m)
				return err
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, r := range records {
		if l.doc.full() {
			break
		}
		l.doc.begin()
		fits, err := l.protoRecord(r)
		if err != nil {
			return err
		}
		l.doc.text("scope.name", name)
		l.doc.text("scope.version", version)
		for _, list := range [...][][]byte{about, resource} {
			for _, kv := range list {
				ok, err := l.protoPair(kv, 0)
				if err != nil {
					return err
				}
				fits = fits && ok
			}
		}
		l.close(fits)
	}
	return nil
}

// protoRecord writes what a LogRecord says; fits is false where it is nested too deep.
func (l *otlpLogs) protoRecord(data []byte) (fits bool, err error) {
	var r otlpRecord
	var attributes [][]byte
	err = messages(data, func(fc *easyproto.FieldContext) error {
		var err error
		switch fc.FieldNum {
		case 1:
			r.time, _ = fc.Fixed64()
		case 2:
			n, _ := fc.Enum()
			r.severity = int64(n)
		case 3:
			r.level, _ = fc.String()
		case 5:
			r.body, err = message(fc)
		case 6:
			var kv []byte
			kv, err = message(fc)
			attributes = append(attributes, kv)
		case 9:
			id, _ := fc.Bytes()
			r.trace = hex.EncodeToString(id[:min(len(id), 16)])
		case 10:
			id, _ := fc.Bytes()
			r.span = hex.EncodeToString(id[:min(len(id), 8)])
		case 11:
			r.observed, _ = fc.Fixed64()
		case 12:
			r.name, _ = fc.String()
		}
		return err
	})
	if err != nil {
		return false, err
	}
	fits = true
	if r.body != nil {
		if fits, err = l.protoBody(r.body); err != nil {
			return false, err
		}
	}
	r.head(&l.doc)
	for _, kv := range attributes {
		ok, err := l.protoPair(kv, 0)
		if err != nil {
			return false, err
		}
		fits = fits && ok
	}
	return fits, nil
}

// protoBody writes the body of a record, an AnyValue.
func (l *otlpLogs) protoBody(data []byte) (bool, error) {
	fits := true
	err := messages(data, func(fc *easyproto.FieldContext) error {
		switch fc.FieldNum {
		case 6: // a map: its members stand by themselves
			m, err := message(fc)
			if err != nil {
				return err
			}
			pairs, err := collect(m, 1)
			if err != nil {
				return err
			}
			for _, kv := range pairs {
				ok, err := l.protoPair(kv, 1)
				if err != nil {
					return err
				}
				fits = fits && ok
			}
			return nil
		case 7:
			text, ok := fc.Bytes()
			if ok && utf8.Valid(text) {
				l.doc.text("message", string(text))
				return nil
			}
		}
		if (fc.FieldNum < 1 || fc.FieldNum > 7) || !l.doc.name("message") {
			return nil
		}
		ok, err := l.protoValue(fc, 1)
		fits = fits && ok
		return err
	})
	return fits, err
}

// protoPair writes a KeyValue as a member.
func (l *otlpLogs) protoPair(data []byte, depth int) (bool, error) {
	key, value, err := protoKeyValue(data)
	if err != nil || value == nil || !l.doc.name(key) {
		return true, err
	}
	return l.protoAny(value, depth)
}

// protoKeyValue reads a KeyValue; the value is nil where there is none.
func protoKeyValue(data []byte) (key string, value []byte, err error) {
	err = messages(data, func(fc *easyproto.FieldContext) error {
		var err error
		switch fc.FieldNum {
		case 1:
			key, _ = fc.String()
		case 2:
			value, err = message(fc)
		}
		return err
	})
	return key, value, err
}

// protoAny appends an AnyValue as JSON.
func (l *otlpLogs) protoAny(data []byte, depth int) (bool, error) {
	if depth > otlpDepth {
		l.doc.dst = append(l.doc.dst, "null"...)
		return false, nil
	}
	start, fits := len(l.doc.dst), true
	err := messages(data, func(fc *easyproto.FieldContext) error {
		if fc.FieldNum < 1 || fc.FieldNum > 7 {
			return nil
		}
		l.doc.dst = l.doc.dst[:start] // of a oneof the last counts
		ok, err := l.protoValue(fc, depth)
		fits = fits && ok
		return err
	})
	if len(l.doc.dst) == start {
		l.doc.dst = append(l.doc.dst, "null"...)
	}
	return fits, err
}

// protoValue appends one of the fields of an AnyValue.
func (l *otlpLogs) protoValue(fc *easyproto.FieldContext, depth int) (bool, error) {
	d := &l.doc
	switch fc.FieldNum {
	case 1:
		s, ok := fc.String()
		d.dst = event.AppendQuoted(d.dst, s)
		return true, wrong(ok, fc)
	case 2:
		b, ok := fc.Bool()
		d.dst = strconv.AppendBool(d.dst, b)
		return true, wrong(ok, fc)
	case 3:
		n, ok := fc.Int64()
		d.dst = strconv.AppendInt(d.dst, n, 10)
		return true, wrong(ok, fc)
	case 4:
		f, ok := fc.Double()
		d.dst = appendNumber(d.dst, f)
		return true, wrong(ok, fc)
	case 7:
		b, ok := fc.Bytes()
		d.dst = append(base64.StdEncoding.AppendEncode(append(d.dst, '"'), b), '"')
		return true, wrong(ok, fc)
	}
	m, err := message(fc)
	if err != nil {
		return false, err
	}
	list, err := collect(m, 1)
	if err != nil {
		return false, err
	}
	open, closing := byte('['), byte(']')
	if fc.FieldNum == 6 {
		open, closing = '{', '}'
	}
	d.dst = append(d.dst, open)
	fits := true
	for i, part := range list {
		if i > 0 {
			d.dst = append(d.dst, ',')
		}
		if open == '{' {
			var key string
			if key, part, err = protoKeyValue(part); err != nil {
				return false, err
			}
			d.dst = append(event.AppendQuoted(d.dst, key), ':')
		}
		ok, err := l.protoAny(part, depth+1)
		if err != nil {
			return false, err
		}
		fits = fits && ok
	}
	d.dst = append(d.dst, closing)
	return fits, nil
}

func wrong(ok bool, fc *easyproto.FieldContext) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%w: field %d of a value is of another type", errOTLP, fc.FieldNum)
}
