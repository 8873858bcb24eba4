/** A file of payments is read line by line, and what is wrong is told by line and column, before any gateway is asked. */
import { describe, expect, test } from "vitest";
import { readPayments } from "../../../src/cli/import/payments-file.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string) => readPayments(bytes(text), "counter");
const places = (text: string): string[] =>
  read(text).complaints.map(({ line, column, say }) => `${line}/${column ?? "-"}: ${say}`);

describe("what is taken as it stands", () => {
  test("a plain file, with the channel of the call where a line names none", () => {
    const { lines, complaints } = read("account,amount,orderId\n1000000001,100.00,A-1\n1000000002,20.5,A-2\n");
    expect(complaints).toEqual([]);
    expect(lines).toEqual([
      { line: 2, account: "1000000001", amount: "100.00", channel: "counter", orderId: "A-1" },
      { line: 3, account: "1000000002", amount: "20.5", channel: "counter", orderId: "A-2" },
    ]);
  });

  test("Chinese heads in any order, semicolons, quotes, a byte order mark, Windows line ends and empty lines", () => {
    const { lines, complaints } = read(
      '\uFEFF订单号;金额;渠道;户号\r\n"B;1";"30.00";bank;1000000001\r\n\r\nB-2;1;;1000000002\r\n',
    );
    expect(complaints).toEqual([]);
    expect(lines).toEqual([
      { line: 2, account: "1000000001", amount: "30.00", channel: "bank", orderId: "B;1" },
      { line: 4, account: "1000000002", amount: "1", channel: "counter", orderId: "B-2" },
    ]);
  });

  test("GB 18030, as spreadsheets in China write it", () => {
    // 户号,金额,订单号
    const head = [0xbb, 0xa7, 0xba, 0xc5, 0x2c, 0xbd, 0xf0, 0xb6, 0xee, 0x2c, 0xb6, 0xa9, 0xb5, 0xa5, 0xba, 0xc5, 0x0a];
    const file = readPayments(Uint8Array.from([...head, ...bytes("1000000001,5.00,C-1\n")]), "counter");
    expect(file).toMatchObject({
      encoding: "GB 18030",
      complaints: [],
      lines: [{ line: 2, account: "1000000001", orderId: "C-1" }],
    });
  });
});

describe("what is wrong, by line and column", () => {
  test.each([
    ["", /^1\/-: .*empty/],
    ["account,amount,orderId\n", /^1\/-: .*no payment/],
    ["account,amount\n1,2\n", /^1\/orderId: The column is missing.*订单号/],
    ["account,amount,orderId,colour\n1,2,3,4\n", /^1\/colour: No such column/],
    ["account,amount,金额,orderId\n1,2,3,4\n", /^1\/金额: The column amount stands here twice/],
    ["account,amount,orderId\n1000000001,1.005,A\n", /^2\/amount: .*at most two decimals/],
    ["account,amount,orderId\n1000000001,0,A\n", /^2\/amount: .*positive/],
    ["account,amount,orderId\n1000000001,-3.00,A\n", /^2\/amount: .*positive/],
    ['account,amount,orderId\n1000000001,"1,000.00",A\n', /^2\/amount: amount-malformed/],
    ["account,金额,orderId\n1000000001,ten,A\n", /^2\/金额: amount-malformed/],
    ["account,amount,orderId\n,1.00,A\n", /^2\/account: The cell is empty/],
    ["account,amount,orderId\n10 01,1.00,A\n", /^2\/account: account-malformed/],
    ["account,amount,orderId\n1E+09,1.00,A\n", /^2\/account: .*spreadsheet/],
    ["account,amount,orderId\n1000000001,1.00,2.02612E+11\n", /^2\/orderId: .*spreadsheet/],
    ["account,amount,orderId,channel\n1000000001,1.00,A,the bank\n", /^2\/channel: "the bank"/],
    ["account,amount,orderId\n1000000001,1.00\n", /^2\/-: 2 cells, and the head has 3/],
    ["account,amount,orderId\n1,1.00,A\n2,1.00,B\n3,1.00,A\n", /^4\/orderId: The order "A" stands in line 2 already/],
    ['account,amount,orderId\n1,1.00,"A\n', /^\d\/-: .*[Qq]uote/],
  ])("%j", (text, said) => {
    expect(places(text).join("\n")).toMatch(said);
  });

  test("every line that is wrong is named, and not the first alone", () => {
    expect(places("account,amount,orderId\n1,x,A\n2,1.00,B\n,y,\n").map((place) => place.split(":")[0])).toEqual([
      "2/amount",
      "4/account",
      "4/orderId",
      "4/amount",
    ]);
  });

  test("a cell with line ends in it does not shift the lines after it", () => {
    expect(places('account,amount,orderId\n1,1.00,"A\nB"\n2,x,C\n')).toEqual([expect.stringMatching(/^4\/amount/)]);
  });
});
