package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/serve"
)

// apiName is the description of the API in docs/reference.
const apiName = "openapi.json"

// apiText describes the API, as OpenAPI 3.1 has it.
func apiText() (string, error) {
	w := httptest.NewRecorder()
	serve.Contract().Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, console.Root+"/openapi.json", http.NoBody))
	if w.Code != http.StatusOK {
		return "", fmt.Errorf("openapi.json: %d %s", w.Code, w.Body)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, w.Body.Bytes(), "", " "); err != nil {
		return "", err
	}
	return b.String() + "\n", nil
}
