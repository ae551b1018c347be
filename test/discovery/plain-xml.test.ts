import { describe, expect, test } from 'vitest';
import { elementsOf } from '../../src/discovery/plain-xml.js';

describe('elementsOf', () => {
  test('reads elements, attributes, text and comments', () => {
    const page = `<?xml version="1.0" encoding="UTF-8"?>
      <!-- settings -->
      <config version='1.1'><server type="imap" note="a &amp; b"><host>mail.example.org</host><empty/></server
      ></config>`;
    expect(elementsOf(page)).toMatchObject({
      name: 'config',
      attributes: { version: '1.1' },
      children: [
        {
          name: 'server',
          attributes: { type: 'imap', note: 'a & b' },
          children: [{ name: 'host', text: 'mail.example.org', children: [] }, { name: 'empty' }],
        },
      ],
    });
  });

  test.each([
    ['a document type', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['entities in entities', '<!DOCTYPE a [<!ENTITY b "&c;&c;">]><a>&b;</a>'],
    ['an entity that is not one of the five', '<a>&nbsp;</a>'],
    ['a bare &', '<a>b & c</a>'],
    ['a character reference', '<a>&#0;</a>'],
    ['a processing instruction', '<a><?php x ?></a>'],
    ['CDATA', '<a><![CDATA[x]]></a>'],
    ['an element that is not closed', '<a><b></a>'],
    ['two roots', '<a/><b/>'],
    ['text beside the root', '<a/>b'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['HTML', '<!doctype html><html><p>not found</html>'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(elementsOf(text)).toBeNull();
  });

  test('a deep, a wide and an unfinished page end soon', () => {
    const began = performance.now();
    expect(elementsOf('<a>'.repeat(20_000))).toBeNull();
    expect(elementsOf(`<a>${'<b/>'.repeat(15_000)}</a>`)).toBeNull();
    expect(elementsOf(`<a ${'b="c" '.repeat(10_000)}`)).toBeNull();
    expect(elementsOf(`<!--${'-'.repeat(60_000)}`)).toBeNull();
    expect(elementsOf(`<a>${'&amp'.repeat(16_000)}</a>`)).toBeNull();
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('the name __proto__ is an attribute like any other', () => {
    expect(elementsOf('<a __proto__="x"/>')?.attributes.toString).toBeUndefined();
    expect(elementsOf('<a/>')?.attributes.type).toBeUndefined();
  });
});
