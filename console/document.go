package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-sec/tocsin/identity"
)

// serveDocument answers with the description of all operations, as OpenAPI 3.1 has it; also to nobody: it says nothing that the
// documents of tocsin do not.
func (a *API) serveDocument() {
	a.describeIdentity()
	text, err := a.document()
	a.mux.HandleFunc("GET "+Root+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			identity.WriteProblem(w, fmt.Errorf("describe the API: %w", err))
			return
		}
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(text) // who is gone needs no answer
	})
}

// describeIdentity adds what the room identity answers.
func (a *API) describeIdentity() {
	schemas := a.huma.OpenAPI().Components.Schemas
	media := func(t reflect.Type, hint string) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(t, true, hint)}}
	}
	for _, e := range identity.Endpoints() {
		id := operationID(&Operation{Method: e.Method, Path: e.Path})
		op := &huma.Operation{
			Method: e.Method, Path: Root + e.Path, Summary: e.Summary, Tags: []string{"who"}, OperationID: id,
			Responses: map[string]*huma.Response{"default": {Description: "Error", Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")},
			}}},
		}
		if !e.Open {
			op.Security = security()
		}
		for part := range strings.SplitSeq(e.Path, "/") {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				op.Parameters = append(op.Parameters, &huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
			}
		}
		for _, name := range e.Query {
			op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: &huma.Schema{Type: huma.TypeString}})
		}
		if e.In != nil {
			op.RequestBody = &huma.RequestBody{Required: true, Content: media(e.In, id+"-request")}
		}
		switch {
		case e.Out != nil:
			op.Responses["200"] = &huma.Response{Description: "OK", Content: media(e.Out, id+"-response")}
		default:
			op.Responses["303"] = &huma.Response{Description: "The browser is sent on."}
		}
		a.huma.OpenAPI().AddOperation(op)
	}
}

// security are the ways in which one shows who asks.
func security() []map[string][]string { return []map[string][]string{{"token": {}}, {"session": {}}} }

// document writes the description. No list of an answer is null here.
func (a *API) document() ([]byte, error) {
	for _, s := range a.huma.OpenAPI().Components.Schemas.Map() {
		neverNull(s, make(map[*huma.Schema]bool))
	}
	return json.Marshal(a.huma.OpenAPI())
}

func neverNull(s *huma.Schema, seen map[*huma.Schema]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	neverNull(s.Items, seen)
	for _, p := range s.Properties {
		neverNull(p, seen)
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		neverNull(more, seen)
	}
}
