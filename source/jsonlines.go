package source

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/tocsin-sec/tocsin/event"
)

// jsonLines is the plain way: whatever is posted to /ingest is read as a file of it would be: JSON objects as lines, one
// after another or in an array, or text lines of any known format. The answer comes when all of it is durable:
//
//	{"bytes":1024,"unread":[{"offset":512,"reason":"…"}]}
var jsonLines = protocol{prefix: "/ingest", take: takeLines, refuse: refuseLines}

func refuseLines(a *arrival, no *refusal) {
	a.retryAfter(no)
	a.answer(no.status, fmt.Appendf(nil, `{"error":%s}`, event.AppendQuoted(nil, no.reason)))
}

func takeLines(a *arrival) {
	if a.path != "/ingest" {
		refuseLines(a, &refusal{status: http.StatusNotFound, reason: "records are posted to /ingest"})
		return
	}
	if a.r.Method != http.MethodPost && a.r.Method != http.MethodPut {
		a.w.Header().Set("Allow", "POST, PUT")
		refuseLines(a, &refusal{status: http.StatusMethodNotAllowed, reason: "records are posted"})
		return
	}
	data, err := a.body()
	if err != nil {
		a.fail(err)
		return
	}
	blocks, unread, err := a.recognised(data)
	if err != nil {
		a.fail(err)
		return
	}
	if _, err := a.deliver(blocks); err != nil {
		a.fail(err)
		return
	}
	answer := fmt.Appendf(nil, `{"bytes":%d`, len(data))
	for i, u := range unread {
		if i == 0 {
			answer = append(answer, `,"unread":[`...)
		} else {
			answer = append(answer, ',')
		}
		answer = fmt.Appendf(answer, `{"offset":%d,"reason":%s}`, u.Offset, event.AppendQuoted(nil, u.Reason))
	}
	if len(unread) > 0 {
		answer = append(answer, ']')
	}
	a.answer(http.StatusOK, append(answer, '}'))
}

// recognised cuts data, which nobody will change any more, into blocks of the format that it is of.
func (a *arrival) recognised(data []byte) ([]event.Block, []event.Unread, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil, nil
	}
	head := immutable(data[:min(len(data), headSize)])
	format, split := a.h.env.Recognise(head)
	if split == nil {
		return nil, nil, &refusal{status: http.StatusUnsupportedMediaType, reason: "not a log that tocsin knows: " + looksLike(head)}
	}
	blocks, unread := cutBlocks(a.origin(format), split, data)
	for _, u := range unread {
		a.tell(NoticeUnreadable, a.sender, u.Reason, 1)
	}
	return blocks, unread, nil
}

// maxUnread bounds the parts of one body that are told apart.
const maxUnread = 16

// cutBlocks cuts a whole stream into blocks. What cannot be read it returns as well: at most maxUnread parts, the last of
// which stands for all that follow.
func cutBlocks(origin *event.Origin, split Splitter, data []byte) (blocks []event.Block, unread []event.Unread) {
	header := ""
	at, line, want := 0, int64(1), httpBlock
	lose := func(reason string) {
		if len(unread) < maxUnread {
			unread = append(unread, event.Unread{Path: origin.Path, Offset: int64(at), Reason: reason})
		}
	}
	forward := func(n int) {
		line += int64(bytes.Count(data[at:at+n], newline))
		at += n
	}
	for at < len(data) {
		view := data[at:min(len(data), at+want)]
		eof := at+len(view) == len(data)
		cut := split.Split(view, eof)
		cut.Skip = min(max(cut.Skip, 0), len(view))
		cut.Size = min(max(cut.Size, 0), len(view)-cut.Skip)
		if cut.Lost != "" {
			lose(cut.Lost)
		}
		forward(cut.Skip)
		if cut.Header != "" {
			header = cut.Header
		}
		if cut.Size > 0 {
			blocks = append(blocks, event.Block{Origin: origin, Header: header, Data: immutable(data[at : at+cut.Size]), Offset: int64(at), First: line})
			forward(cut.Size)
		}
		switch {
		case cut.Size > 0 || cut.Skip > 0:
			want = httpBlock
		case eof:
			if len(bytes.TrimSpace(view)) > 0 {
				lose(fmt.Sprintf("the last %d bytes are no whole record", len(view)))
			}
			forward(len(view))
		case want >= maxWanted:
			lose(fmt.Sprintf("record longer than %d MiB; it is not read up to the next line", event.MaxRecord>>20))
			forward(len(view))
			if end := bytes.IndexByte(data[at:], '\n'); end >= 0 {
				forward(end + 1)
			} else {
				forward(len(data) - at)
			}
			want = httpBlock
		default:
			want = min(2*want, maxWanted)
		}
	}
	return blocks, unread
}
