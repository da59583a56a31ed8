package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tocsin-sec/tocsin/event"
)

// elements calls f for each element of a valid JSON array.
func elements(array []byte, f func(value []byte)) {
	if len(array) == 0 || array[0] != '[' {
		return
	}
	for i := jsonBlank(array, 1); i < len(array) && array[i] != ']'; {
		end := jsonEnd(array, i, 0)
		if end < 0 {
			return
		}
		f(array[i:end])
		if i = jsonBlank(array, end); i < len(array) && array[i] == ',' {
			i = jsonBlank(array, i+1)
		}
	}
}

// json reads an ExportLogsServiceRequest in JSON: names in lowerCamelCase or as in the protocol's files, ids in
// hexadecimal digits, 64-bit numbers as numbers or as texts.
func (l *otlpLogs) json(data []byte) error {
	if !isObject(data) {
		return fmt.Errorf("%w: it is no JSON object, or nested too deep", errOTLP)
	}
	members(data, func(name, value []byte) bool {
		if either(name, "resourceLogs", "resource_logs") {
			elements(value, l.jsonResource)
		}
		return true
	})
	return nil
}

func either(name []byte, camel, snake string) bool {
	return string(name) == camel || string(name) == snake
}

func (l *otlpLogs) jsonResource(data []byte) {
	var about []byte
	if len(data) == 0 || data[0] != '{' {
		return
	}
	members(data, func(name, value []byte) bool {
		if string(name) == "resource" && value[0] == '{' {
			about = attributesOf(value)
		}
		return true
	})
	members(data, func(name, value []byte) bool {
		if either(name, "scopeLogs", "scope_logs") {
			elements(value, func(scope []byte) { l.jsonScope(scope, about) })
		}
		return true
	})
}

func attributesOf(object []byte) (list []byte) {
	members(object, func(name, value []byte) bool {
		if string(name) == "attributes" {
			list = value
		}
		return true
	})
	return list
}

func (l *otlpLogs) jsonScope(data, resource []byte) {
	var about []byte
	name, version := "", ""
	if len(data) == 0 || data[0] != '{' {
		return
	}
	members(data, func(key, value []byte) bool {
		if string(key) == "scope" && value[0] == '{' {
			about = attributesOf(value)
			members(value, func(key, value []byte) bool {
				switch string(key) {
				case "name":
					name = plainString(value)
				case "version":
					version = plainString(value)
				}
				return true
			})
		}
		return true
	})
	members(data, func(key, value []byte) bool {
		if either(key, "logRecords", "log_records") {
			elements(value, func(record []byte) {
				if l.doc.full() {
					return
				}
				l.doc.begin()
				fits := l.jsonRecord(record)
				l.doc.text("scope.name", name)
				l.doc.text("scope.version", version)
				fits = l.jsonPairs(about, 0) && fits
				fits = l.jsonPairs(resource, 0) && fits
				l.close(fits)
			})
		}
		return true
	})
}

// jsonRecord writes what a LogRecord says; it reports whether that is not nested too deep.
func (l *otlpLogs) jsonRecord(data []byte) bool {
	if len(data) == 0 || data[0] != '{' {
		return false
	}
	var r otlpRecord
	var attributes []byte
	members(data, func(name, value []byte) bool {
		switch {
		case either(name, "timeUnixNano", "time_unix_nano"):
			r.time = wholeNumber(value)
		case either(name, "observedTimeUnixNano", "observed_time_unix_nano"):
			r.observed = wholeNumber(value)
		case either(name, "severityNumber", "severity_number"):
			r.severity = int64(wholeNumber(value) & 0xff)
		case either(name, "severityText", "severity_text"):
			r.level = plainString(value)
		case either(name, "traceId", "trace_id"):
			r.trace = plainString(value)
		case either(name, "spanId", "span_id"):
			r.span = plainString(value)
		case either(name, "eventName", "event_name"):
			r.name = plainString(value)
		case string(name) == "body":
			r.body = value
		case string(name) == "attributes":
			attributes = value
		}
		return true
	})
	fits := true
	if len(r.body) > 0 && r.body[0] == '{' {
		fits = l.jsonBody(r.body)
	}
	r.head(&l.doc)
	return l.jsonPairs(attributes, 0) && fits
}

func (l *otlpLogs) jsonBody(data []byte) (fits bool) {
	fits = true
	members(data, func(name, value []byte) bool {
		if either(name, "kvlistValue", "kvlist_value") && value[0] == '{' {
			fits = l.jsonPairs(valuesOf(value), 1)
			return false
		}
		if l.doc.name("message") {
			fits = l.jsonAny(data, 1)
		}
		return false
	})
	return fits
}

// valuesOf returns the list in an ArrayValue or a KeyValueList.
func valuesOf(object []byte) (list []byte) {
	members(object, func(name, value []byte) bool {
		if string(name) == "values" {
			list = value
		}
		return true
	})
	return list
}

// jsonPairs writes a list of KeyValues as members.
func (l *otlpLogs) jsonPairs(list []byte, depth int) bool {
	fits := true
	elements(list, func(pair []byte) {
		key, value := jsonKeyValue(pair)
		if value != nil && l.doc.name(key) {
			fits = l.jsonAny(value, depth) && fits
		}
	})
	return fits
}

func jsonKeyValue(pair []byte) (key string, value []byte) {
	if pair[0] != '{' {
		return "", nil
	}
	members(pair, func(name, v []byte) bool {
		switch string(name) {
		case "key":
			key = plainString(v)
		case "value":
			if v[0] == '{' {
				value = v
			}
		}
		return true
	})
	return key, value
}

// jsonAny appends an AnyValue as plain JSON.
func (l *otlpLogs) jsonAny(data []byte, depth int) bool {
	if depth > otlpDepth {
		l.doc.dst = append(l.doc.dst, "null"...)
		return false
	}
	start, fits := len(l.doc.dst), true
	members(data, func(name, value []byte) bool {
		switch {
		case either(name, "stringValue", "string_value"), either(name, "boolValue", "bool_value"),
			either(name, "doubleValue", "double_value"), either(name, "bytesValue", "bytes_value"):
			if value[0] != '{' && value[0] != '[' {
				l.doc.dst = append(l.doc.dst, value...)
			}
		case either(name, "intValue", "int_value"):
			digits := bytes.Trim(value, `"`)
			if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				l.doc.dst = strconv.AppendInt(l.doc.dst, n, 10)
			}
		case either(name, "arrayValue", "array_value"), either(name, "kvlistValue", "kvlist_value"):
			if value[0] == '{' {
				fits = l.jsonList(valuesOf(value), name[0] == 'k', depth+1)
			}
		}
		return false
	})
	if len(l.doc.dst) == start {
		l.doc.dst = append(l.doc.dst, "null"...)
	}
	return fits
}

// jsonList appends a list of AnyValues, or one of KeyValues as an object.
func (l *otlpLogs) jsonList(list []byte, pairs bool, depth int) bool {
	open, closing := byte('['), byte(']')
	if pairs {
		open, closing = '{', '}'
	}
	l.doc.dst = append(l.doc.dst, open)
	fits, first := true, true
	elements(list, func(value []byte) {
		key := ""
		if pairs {
			key, value = jsonKeyValue(value)
		}
		if !first {
			l.doc.dst = append(l.doc.dst, ',')
		}
		first = false
		if pairs {
			l.doc.dst = append(event.AppendQuoted(l.doc.dst, key), ':')
		}
		if len(value) == 0 || value[0] != '{' {
			l.doc.dst = append(l.doc.dst, "null"...)
			return
		}
		fits = l.jsonAny(value, depth) && fits
	})
	l.doc.dst = append(l.doc.dst, closing)
	return fits
}

// wholeNumber reads a number that is written as such or as a text; 0 where it is none.
func wholeNumber(value []byte) uint64 {
	n, err := json.Number(bytes.Trim(value, `"`)).Int64()
	if err != nil || n < 0 {
		return 0
	}
	return uint64(n)
}
