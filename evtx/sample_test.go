package evtx

import "fmt"

// ticks is 2024-05-06T07:08:09.1234567Z as a FILETIME.
const ticks = 133594528891234567

func data(name string, kids ...any) elem {
	return elem{name: "Data", attrs: []attr{{"Name", []any{name}}}, kids: kids}
}

// system is the System element as the templates of Windows have it.
func system() elem {
	return elem{name: "System", kids: []any{
		elem{name: "Provider", attrs: []attr{
			{"Name", []any{"Tocsin-Sample"}},
			{"Guid", []any{"{01020304-0506-0708-090a-0b0c0d0e0f10}"}},
		}},
		elem{name: "EventID", attrs: []attr{{"Qualifiers", []any{sub{4, typeUint16}}}}, kids: []any{sub{3, typeUint16}}},
		elem{name: "Version", kids: []any{sub{11, typeUint8}}},
		elem{name: "Level", kids: []any{sub{0, typeUint8}}},
		elem{name: "Keywords", kids: []any{sub{5, typeHex64}}},
		elem{name: "TimeCreated", attrs: []attr{{"SystemTime", []any{sub{6, typeFileTime}}}}},
		elem{name: "EventRecordID", kids: []any{sub{10, typeUint64}}},
		elem{name: "Correlation", attrs: []attr{{"ActivityID", []any{sub{7, typeGUID}}}}},
		elem{name: "Execution", attrs: []attr{{"ProcessID", []any{sub{8, typeUint32}}}, {"ThreadID", []any{sub{9, typeUint32}}}}},
		elem{name: "Channel", kids: []any{"Sample"}},
		elem{name: "Computer", kids: []any{"bell.example"}},
		elem{name: "Security", attrs: []attr{{"UserID", []any{sub{12, typeSID}}}}},
	}}
}

var (
	outer = tmpl{1, elem{name: "Event", attrs: []attr{{"xmlns", []any{"urn:events"}}}, kids: []any{system(), sub{13, typeXML}}}}

	types = tmpl{2, elem{name: "EventData", kids: []any{
		data("Text", sub{0, typeString}), data("Ansi", sub{1, typeAnsi}), data("Int8", sub{2, typeInt8}),
		data("Uint8", sub{3, typeUint8}), data("Int16", sub{4, typeInt16}), data("Int32", sub{5, typeInt32}),
		data("Int64", sub{6, typeInt64}), data("Real32", sub{7, typeReal32}), data("Real64", sub{8, typeReal64}),
		data("True", sub{9, typeBool}), data("False", sub{10, typeBool}), data("Bytes", sub{11, typeBinary}),
		data("Size", sub{12, typeSize}), data("Clock", sub{13, typeSystemTime}), data("Hex32", sub{14, typeHex32}),
		data("Words", sub{15, typeString | typeArray}), data("Numbers", sub{16, typeUint16 | typeArray}),
		data("Void", sub{17, typeString}), data("Fixed", "as it stands"), data("Level", sub{18, typeUint8}),
		data("Bare"), data("With blanks ", sub{19, typeString}),
	}}}

	logon = tmpl{3, elem{name: "EventData", kids: []any{
		data("TargetUserName", sub{0, typeString}), data("IpAddress", sub{1, typeString}), data("LogonType", sub{2, typeUint32}),
	}}}

	classic = tmpl{4, elem{name: "EventData", kids: []any{
		elem{name: "Data", kids: []any{sub{0, typeString | typeArray}}}, elem{name: "Binary", kids: []any{sub{1, typeBinary}}},
	}}}

	user = tmpl{5, elem{name: "UserData", kids: []any{
		elem{name: "x:EventXML", attrs: []attr{{"xmlns:x", []any{"urn:x"}}}, kids: []any{
			elem{name: "Param1", kids: []any{sub{0, typeString}}},
			elem{name: "Param2", kids: []any{"a", entity("amp"), "b ", charRef('é'), cdata("<c>")}},
			elem{name: "Item", attrs: []attr{{"id", []any{"1"}}}, kids: []any{"one"}},
			elem{name: "Item", attrs: []attr{{"id", []any{sub{1, typeUint32}}}}, kids: []any{"two"}},
			elem{name: "Only", attrs: []attr{{"attr", []any{"x", sub{1, typeUint32}}}}},
		}},
	}}}
)

// event writes a record of the outer template with the inner one in it.
func (w *chunkWriter) event(id uint64, event uint16, inner tmpl, values ...val) {
	w.record(id, ticks, func() {
		w.instance(outer, func() { w.instance(inner, nil, values...) },
			raw(typeUint8, 4), val{}, val{}, num16(event), val{}, val{typeHex64, le.AppendUint64(nil, 0x8020<<48)},
			fileTime(ticks+id*10_000_000), val{}, num32(1234), num32(0xfffffff0), num64(id), raw(typeUint8, 2),
			raw(typeSID, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0))
	})
}

// sample is an event log of n records.
func sample(n int) []byte {
	var chunks [][]byte
	w := newChunk()
	for id := uint64(1); id <= uint64(n); id++ {
		if len(w.buf) > chunkSize-6000 {
			chunks = append(chunks, w.finish())
			w = newChunk()
		}
		w.event(id, 4624, logon, str(fmt.Sprintf("user%d", id)), str("192.0.2.7"), num32(3))
	}
	return file(append(chunks, w.finish())...)
}
