package console

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// request is how one operation is asked, read from a struct: fields with a tag path, query or header are arguments, and the
// field Body, if there is one, is what is sent as JSON. Schemas are huma's, and so is what holds a request against them; the
// rest is here, once for all operations: huma.Register is compiled anew for each pair of types, which was 2 MB of the program.
type request struct {
	known huma.Registry
	of    reflect.Type
	args  []argument

	body     []int // the index of Body; nil is none
	schema   *huma.Schema
	required bool
	max      int64       // bytes
	presets  [][2]string // fields of the body, by name, and what they are where they are not set
}

// argument is a field that is read from a path, a query or a header.
type argument struct {
	in, name, preset string
	index            []int
	schema           *huma.Schema
	required         bool
}

// maxBody bounds what is sent, in bytes, where an operation does not say otherwise.
const maxBody = 1 << 20

// requestOf reads a type, and describes it in the operation.
func requestOf(t reflect.Type, h *huma.Operation, known huma.Registry) *request {
	r := &request{known: known, of: t, max: h.MaxBodyBytes}
	if r.max == 0 {
		r.max = maxBody
	}
	for _, f := range reflect.VisibleFields(t) {
		for _, in := range [...]string{"path", "query", "header"} {
			if name := f.Tag.Get(in); name != "" && !f.Anonymous {
				r.addArgument(h, f, in, name)
			}
		}
	}
	f, ok := t.FieldByName("Body")
	if !ok {
		return r
	}
	hint := f.Tag.Get("nameHint")
	if hint == "" {
		hint = t.Name() + f.Name
	}
	r.body, r.schema = f.Index, huma.SchemaFromField(known, f, hint)
	r.required = f.Type.Kind() != reflect.Pointer
	body := f.Type
	if !r.required {
		body = body.Elem()
	}
	for _, f := range reflect.VisibleFields(body) {
		if preset := f.Tag.Get("default"); preset != "" {
			r.presets = append(r.presets, [2]string{f.Name, preset})
		}
	}
	h.RequestBody = &huma.RequestBody{Required: r.required, Content: map[string]*huma.MediaType{"application/json": {Schema: r.schema}}}
	r.schema.PrecomputeMessages()
	return r
}

func (r *request) addArgument(h *huma.Operation, f reflect.StructField, in, name string) {
	arg := argument{in: in, name: name, preset: f.Tag.Get("default"), index: f.Index, schema: huma.SchemaFromField(r.known, f, ""), required: in == "path" || f.Tag.Get("required") == "true"}
	arg.schema.PrecomputeMessages()
	r.args = append(r.args, arg)
	p := &huma.Param{Name: name, In: in, Description: arg.schema.Description, Required: arg.required, Schema: arg.schema}
	if in == "query" {
		p.Explode = new(bool)
	}
	h.Parameters = append(h.Parameters, p)
}

// read makes the struct of a request: a pointer to it.
func (r *request) read(c huma.Context) (any, *Problem) {
	to := reflect.New(r.of)
	at, wrong := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	for i := range r.args {
		arg := &r.args[i]
		at.Reset()
		at.Push(arg.in)
		at.Push(arg.name)
		value := arg.value(c)
		if value == "" {
			if arg.required {
				wrong.Add(at, "", "required "+arg.in+" parameter is missing")
			}
			continue
		}
		v, err := set(to.Elem().FieldByIndex(arg.index), value)
		if err != nil {
			wrong.Add(at, value, err.Error())
			continue
		}
		huma.Validate(r.known, arg.schema, at, huma.ModeWriteToServer, v, wrong)
	}
	status := http.StatusUnprocessableEntity
	if r.body != nil {
		text, p := r.sent(c)
		if p != nil {
			return nil, p
		}
		if len(text) > 0 {
			status = r.take(text, to.Elem(), wrong)
		}
	}
	if len(wrong.Errors) > 0 {
		return nil, invalid(status, wrong.Errors)
	}
	return to.Interface(), nil
}

// value is what a request says for an argument; "" is nothing.
func (a *argument) value(c huma.Context) string {
	value := ""
	switch a.in {
	case "path":
		value = c.Param(a.name)
	case "query":
		value = c.Query(a.name)
	case "header":
		value = c.Header(a.name)
	}
	if value == "" {
		return a.preset
	}
	return value
}

// set puts a text into a field, and returns it as the schema means it.
func set(field reflect.Value, text string) (any, error) {
	switch field.Interface().(type) {
	case string:
		field.SetString(text)
		return text, nil
	case int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%.40q is no whole number", text)
		}
		field.SetInt(n)
		return n, nil
	case bool:
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%.40q is neither true nor false", text)
		}
		field.SetBool(yes)
		return yes, nil
	case time.Time:
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("%.40q is no time such as 2006-01-02T15:04:05Z", text)
		}
		field.Set(reflect.ValueOf(t))
		return text, nil
	}
	panic("an argument cannot be a " + field.Type().String())
}

// sent is what was sent as JSON; nothing is nothing.
func (r *request) sent(c huma.Context) ([]byte, *Problem) {
	_ = c.SetReadDeadline(time.Time{}) // one of the connection would end what takes long
	text, err := io.ReadAll(io.LimitReader(c.BodyReader(), r.max))
	switch {
	case err != nil:
		return nil, &Problem{Status: http.StatusBadRequest, Title: "the body of the request did not arrive: " + err.Error()}
	case int64(len(text)) == r.max:
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Title: fmt.Sprintf("the body of the request is too large: the limit is %d bytes", r.max)}
	case len(text) == 0 && r.required:
		return nil, &Problem{Status: http.StatusBadRequest, Title: "request body is required"}
	}
	kind, _, _ := mime.ParseMediaType(c.Header("Content-Type"))
	if len(text) > 0 && kind != "" && kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil, &Problem{Status: http.StatusUnsupportedMediaType, Title: "what is sent must be JSON", Detail: "Content-Type is " + kind}
	}
	return text, nil
}

// take reads a body into its field, if it is as its schema has it; it returns the status of an answer that says that it is not.
func (r *request) take(text []byte, to reflect.Value, wrong *huma.ValidateResult) int {
	at := huma.NewPathBuffer(nil, 0)
	at.Push("body")
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		wrong.Add(at, nil, err.Error())
		return http.StatusBadRequest
	}
	before := len(wrong.Errors)
	huma.Validate(r.known, r.schema, at, huma.ModeWriteToServer, v, wrong)
	if len(wrong.Errors) > before {
		return http.StatusUnprocessableEntity
	}
	body := to.FieldByIndex(r.body)
	if err := json.Unmarshal(text, body.Addr().Interface()); err != nil {
		wrong.Add(at, nil, err.Error())
	}
	for _, p := range r.presets {
		if f := reflect.Indirect(body).FieldByName(p[0]); f.IsValid() && f.String() == "" {
			f.SetString(p[1])
		}
	}
	return http.StatusUnprocessableEntity
}

// invalid is the problem of a request that makes no sense: it names the field; of several, the first.
func invalid(status int, errs []error) *Problem {
	p := &Problem{Status: status}
	for i, err := range errs {
		field, message := "", err.Error()
		if d, ok := err.(*huma.ErrorDetail); ok {
			field, message = d.Location, d.Message
		}
		for _, part := range [...]string{"body.", "query.", "path.", "header."} {
			field = strings.TrimPrefix(field, part)
		}
		if i == 0 {
			p.Title, p.Field = message, field
			continue
		}
		p.Detail += field + ": " + message + "\n"
	}
	p.Detail = strings.TrimSuffix(p.Detail, "\n")
	return p
}
