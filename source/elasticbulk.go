package source

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"github.com/tocsin-sec/tocsin/event"
)

// bulkItem is one action of a bulk request.
type bulkItem struct {
	action    string // "create" or "index", or another that is not done
	index, id []byte // as written, with quotes; nil where none is stated
	end       int    // where its document ends among those that were taken; less than 0: it was not taken
	why       bulkFault
}

// bulkFault is why an item is not taken.
type bulkFault uint8

const (
	bulkFine bulkFault = iota
	bulkBroken
	bulkLong
	bulkAction
	bulkMissing
)

var bulkReasons = [...]string{
	bulkBroken:  "the document is no JSON object on one line, or nested too deep",
	bulkLong:    "the document is larger than 16 MiB",
	bulkAction:  "tocsin keeps what it was given: only create and index are done",
	bulkMissing: "the action is followed by no document",
}

// bulk takes the documents of a bulk request: an action a line, and after most of them a document a line.
// Source: Elasticsearch guide 8, "Bulk API".
func (a *arrival) bulk(index string) {
	start := a.h.env.Now()
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	docs, items, err := parseBulk(data)
	if err != nil {
		a.fail(err)
		return
	}
	blocks := a.lineBlocks("json", docs)
	fate, err := a.deliver(blocks)
	if err != nil && !slices.Contains(fate, nil) {
		a.fail(err)
		return
	}
	faults := int64(0)
	for i := range items {
		if items[i].why != bulkFine {
			faults++
		}
	}
	if faults > 0 {
		a.tell(NoticeUnreadable, a.sender, "documents in bulk requests that are no JSON objects, or actions other than create and index", faults)
	}
	took := a.h.env.Now().Sub(start).Milliseconds()
	a.answer(http.StatusOK, appendBulkAnswer(nil, items, bulkOutcome{took: took, index: index, blocks: blocks, fate: fate, failed: err != nil || faults > 0}))
}

// parseBulk finds the documents of a bulk request and moves them to the front of data, a line each.
func parseBulk(data []byte) (docs []byte, items []bulkItem, err error) {
	items = make([]bulkItem, 0, min(len(data)/256+1, 4096))
	n, line := 0, 0
	for at := 0; at < len(data); {
		var head []byte
		head, at = cutLine(data, at)
		line++
		if len(head) == 0 {
			continue
		}
		item, ok := readAction(head)
		if !ok {
			return nil, nil, &refusal{status: http.StatusBadRequest, reason: fmt.Sprintf("Malformed action/metadata line [%d]: an object with one action is expected", line), told: "a bulk request with a line that is no action"}
		}
		// what the item points to is moved over by later documents
		if item.index != nil && len(items) > 0 && bytes.Equal(item.index, items[len(items)-1].index) {
			item.index = items[len(items)-1].index
		} else {
			item.index = bytes.Clone(item.index)
		}
		item.id = bytes.Clone(item.id)
		item.end = -1
		if item.action != "delete" {
			var doc []byte
			doc, at = cutLine(data, at)
			line++
			item.why = faultOf(item.action, doc)
			if item.why == bulkFine {
				n += copy(data[n:], doc)
				data[n] = '\n' // the action was longer than that
				n++
				item.end = n
			}
		} else {
			item.why = bulkAction
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		return nil, nil, &refusal{status: http.StatusBadRequest, reason: "request body is required"}
	}
	return data[:n], items, nil
}

func faultOf(action string, doc []byte) bulkFault {
	switch {
	case action != "create" && action != "index":
		return bulkAction
	case len(doc) == 0:
		return bulkMissing
	case len(doc) > event.MaxRecord:
		return bulkLong
	case !isObject(doc):
		return bulkBroken
	}
	return bulkFine
}

// cutLine returns the line at data[at], without white space around it, and where the next begins.
func cutLine(data []byte, at int) (line []byte, next int) {
	if end := bytes.IndexByte(data[at:], '\n'); end >= 0 {
		return bytes.TrimSpace(data[at : at+end]), at + end + 1
	}
	return bytes.TrimSpace(data[at:]), len(data)
}

// readAction reads {"create":{"_index":"logs","_id":"1"}}.
func readAction(line []byte) (item bulkItem, ok bool) {
	if !isObject(line) {
		return item, false
	}
	count := 0
	members(line, func(name, value []byte) bool {
		count++
		switch string(name) {
		case "create":
			item.action = "create"
		case "index":
			item.action = "index"
		case "update":
			item.action = "update"
		case "delete":
			item.action = "delete"
		default:
			return false
		}
		if value[0] != '{' {
			item.action = ""
			return false
		}
		members(value, func(name, value []byte) bool {
			if value[0] == '"' {
				switch string(name) {
				case "_index":
					item.index = value
				case "_id":
					item.id = value
				}
			}
			return true
		})
		return true
	})
	return item, count == 1 && item.action != ""
}

// bulkOutcome is what became of a bulk request.
type bulkOutcome struct {
	took   int64
	index  string // of the path
	blocks []event.Block
	fate   []error
	failed bool // anything is
}

// appendBulkAnswer writes the answer to a bulk request, an item for each action and in the same order.
func appendBulkAnswer(dst []byte, items []bulkItem, out bulkOutcome) []byte {
	dst = fmt.Appendf(dst, `{"took":%d,"errors":%t,"items":[`, out.took, out.failed)
	index := event.AppendQuoted(nil, out.index)
	block, end := 0, 0
	if len(out.blocks) > 0 {
		end = len(out.blocks[0].Data)
	}
	for i := range items {
		item := &items[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"`...)
		dst = append(dst, item.action...)
		dst = append(dst, `":{"_index":`...)
		if item.index != nil {
			dst = append(dst, item.index...)
		} else {
			dst = append(dst, index...)
		}
		if item.id != nil {
			dst = append(dst, `,"_id":`...)
			dst = append(dst, item.id...)
		}
		for item.end > end {
			block++
			end += len(out.blocks[block].Data)
		}
		switch {
		case item.why != bulkFine:
			dst = append(dst, `,"status":400,"error":{"type":"document_parsing_exception","reason":"`...)
			dst = append(dst, bulkReasons[item.why]...)
			dst = append(dst, `"}}}`...)
		case out.fate[block] != nil:
			dst = append(dst, `,"status":429,"error":{"type":"es_rejected_execution_exception","reason":"not taken now"}}}`...)
		default:
			dst = append(dst, `,"result":"created","status":201}}`...)
		}
	}
	return append(dst, `]}`...)
}
