package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecret bounds a secret in a file, in bytes.
const maxSecret = 64 << 10

// readSecret returns the secret that a configuration refers to as env:NAME or file:/path; white space around it is cut.
func readSecret(from string) (string, error) {
	kind, name, _ := strings.Cut(from, ":")
	secret := ""
	switch kind {
	case "env":
		secret = os.Getenv(name)
	case "file":
		file, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, maxSecret))
		if err != nil {
			return "", err
		}
		secret = string(text)
	default:
		return "", errors.New("a secret stands in the environment or in a file: env:NAME or file:/path")
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", fmt.Errorf("%s is empty", from)
	}
	return secret, nil
}
