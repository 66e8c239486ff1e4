package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// value is a JSON value that knows where it stands.
type value struct {
	offset  int
	members []member // of an object, in order
	items   []*value // of an array
	scalar  any      // string, json.Number, bool or nil
	kind    string   // as messages name it
}

// member is one of an object.
type member struct {
	key    string
	offset int
	value  *value
}

// syntaxError is one of JSON, with its offset.
type syntaxError struct {
	offset  int
	message string
}

func (e syntaxError) Error() string { return e.message }

// parseJSON reads a document that has one value.
func parseJSON(data []byte) (*value, error) {
	var whole any
	if err := json.Unmarshal(data, &whole); err != nil { // which is stricter than tokens are
		if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
			return nil, syntaxError{max(int(wrong.Offset)-1, 0), wrong.Error()}
		}
		return nil, syntaxError{0, err.Error()}
	}
	p := parser{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	p.decoder.UseNumber()
	return p.value()
}

type parser struct {
	data    []byte
	decoder *json.Decoder
}

// next is where the next token begins.
func (p *parser) next() int {
	at := int(p.decoder.InputOffset())
	for at < len(p.data) && bytes.IndexByte([]byte(" \t\r\n,:"), p.data[at]) >= 0 {
		at++
	}
	return at
}

func (p *parser) value() (*value, error) {
	v := &value{offset: p.next()}
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			v.kind = "an object"
			err = p.members(v)
		} else {
			v.kind = "a list"
			err = p.items(v)
		}
		return v, err
	case string:
		v.kind = "a text"
	case json.Number:
		v.kind = "a number"
	case bool:
		v.kind = "true or false"
	case nil:
		v.kind = "null"
	}
	v.scalar = token
	return v, nil
}

func (p *parser) members(v *value) error {
	for p.decoder.More() {
		at := p.next()
		key, err := p.decoder.Token()
		if err != nil {
			return err
		}
		of, err := p.value()
		if err != nil {
			return err
		}
		v.members = append(v.members, member{fmt.Sprint(key), at, of})
	}
	return p.end()
}

func (p *parser) items(v *value) error {
	for p.decoder.More() {
		item, err := p.value()
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	return p.end()
}

func (p *parser) end() error {
	_, err := p.decoder.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// lineOf is the line and the column of an offset, from 1.
func lineOf(data []byte, offset int) (line, column int) {
	before := data[:min(offset, len(data))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
