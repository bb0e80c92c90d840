import { createServer } from 'node:http';

export interface Span {
  readonly service: string;
  readonly name: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string;
  /** Milliseconds since 1970, of spans in JSON. */
  readonly began?: number;
  readonly ended?: number;
}

/** A collector of traces that keeps what it is told: OTLP over HTTP, as our services say it (JSON) and as Dapr does (protobuf). */
export interface OtlpSink {
  readonly url: string;
  readonly spans: Span[];
  /** Everything that came, as it came. */
  readonly heard: Buffer[];
  close(): Promise<void>;
}

export async function otlpSink(): Promise<OtlpSink> {
  const spans: Span[] = [];
  const heard: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      heard.push(body);
      const type = request.headers['content-type'] ?? '';
      if (request.url === '/v1/traces') spans.push(...(type.includes('json') ? inJson(body) : inProtobuf(body)));
      response.writeHead(200, { 'content-type': type }).end(type.includes('json') ? '{}' : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    spans,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function inJson(body: Buffer): Span[] {
  // biome-ignore lint/suspicious/noExplicitAny: what came is looked at, not trusted
  const { resourceSpans } = JSON.parse(body.toString()) as { resourceSpans: any[] };
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const named = resource.attributes.find(({ key }: { key: string }) => key === 'service.name');
    // biome-ignore lint/suspicious/noExplicitAny: what came is looked at, not trusted
    return scopeSpans.flatMap((scope: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: what came is looked at, not trusted
      scope.spans.map((span: any) => ({
        service: named?.value.stringValue ?? '',
        name: span.name,
        trace_id: span.traceId,
        span_id: span.spanId,
        parent_id: span.parentSpanId ?? '',
        began: Number(span.startTimeUnixNano) / 1e6,
        ended: Number(span.endTimeUnixNano) / 1e6,
      })),
    );
  });
}

/** By the numbers of opentelemetry/proto/trace/v1/trace.proto. */
function inProtobuf(body: Buffer): Span[] {
  return all(body, 1).flatMap((resourceSpans) => {
    const attributes = all(all(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1);
    const named = attributes.find((attribute) => all(attribute, 1)[0]?.toString() === 'service.name');
    const service = named ? (all(all(named, 2)[0] ?? Buffer.alloc(0), 1)[0]?.toString() ?? '') : '';
    return all(resourceSpans, 2)
      .flatMap((scopeSpans) => all(scopeSpans, 2))
      .map((span) => ({
        service,
        name: all(span, 5)[0]?.toString() ?? '',
        trace_id: all(span, 1)[0]?.toString('hex') ?? '',
        span_id: all(span, 2)[0]?.toString('hex') ?? '',
        parent_id: all(span, 4)[0]?.toString('hex') ?? '',
      }));
  });
}

/** The length-delimited values of a field of a protobuf message. */
function all(message: Buffer, field: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('A protobuf message ends in the middle.');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag & 7;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      if (Math.floor(tag / 8) === field) found.push(message.subarray(at, at + length));
      at += length;
    } else throw new Error(`A protobuf message has a value of type ${type}.`);
  }
  return found;
}
