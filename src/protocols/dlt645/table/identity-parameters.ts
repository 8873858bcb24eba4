/** Who the meter is (0400 04), what its maker wrote into it (0480), and the passwords that no meter shows (0400 0C). */
import { ascii, count, digits, password, set, written } from "../formats/formats.ts";
import type { Format } from "../formats/formats.ts";
import { named, rowsOf, valueFamily } from "./row.ts";
import type { TableRow } from "./row.ts";
import { numbered } from "./variable.ts";

const parameter = rowsOf("rw parameter high");
const shown = rowsOf("r parameter high");

const number12 = set(digits(6));
/** Longitude 4, latitude 4, altitude 3, the first on the wire first; where their decimals stand is not known. */
const positionFormat: Format<string> = {
  ...written("NNNNNNNN,NNNNNNNN,NNNNNN", digits(11)),
  details: (text) => [
    { name: "longitude", value: text.slice(14) },
    { name: "latitude", value: text.slice(6, 14) },
    { name: "altitude", value: text.slice(0, 6) },
  ],
};

const identity = named({
  communicationAddress: parameter("04000401", number12, "communication address | 通信地址"),
  meterNumber: parameter(
    "04000402",
    number12,
    "meter number, what keys are derived from | 表号",
    "level 99 under test keys, read-only under production keys; may differ from 04000401",
  ),
  assetCode: parameter("04000403", ascii(32), "asset code | 资产管理编码"),
  ratedVoltage: shown("04000404", ascii(6), "rated voltage | 额定电压"),
  ratedCurrent: shown("04000405", ascii(6), "rated current | 额定电流/基本电流"),
  maximumCurrent: shown("04000406", ascii(6), "maximum current | 最大电流"),
  activeAccuracy: shown("04000407", ascii(4), "accuracy class, active | 有功准确度等级"),
  reactiveAccuracy: shown("04000408", ascii(4), "accuracy class, reactive | 无功准确度等级"),
  activeConstant: shown("04000409", count(3, "imp/kWh"), "pulse constant, active | 电表有功常数"),
  reactiveConstant: shown("0400040A", count(3, "imp/kvarh"), "pulse constant, reactive | 电表无功常数"),
  meterModel: shown("0400040B", ascii(10), "meter model | 电表型号"),
  productionDate: shown("0400040C", ascii(10), "production date | 生产日期"),
  protocolVersion: shown("0400040D", ascii(16), "protocol version | 协议版本号"),
  customerNumber: rowsOf("rw fee high")(
    "0400040E",
    number12,
    "customer number | 客户编号",
    "level 99 under test keys; under production keys set by 070101FF",
  ),
  position: rowsOf("rw parameter medium")(
    "0400040F",
    positionFormat,
    "position: longitude, latitude, altitude as raw digits | 电能表位置信息",
    "longitude 4, latitude 4, altitude 3; decimals not known",
  ),
});

/** One firmware also answers for each part of the position; that they can be written has not been seen. */
const part = rowsOf("r parameter low");
const positionParts = named({
  longitude: part("0400041F", set(digits(4)), "position: longitude as raw digits | 电能表位置信息:经度", "one firmware"),
  latitude: part("0400042F", set(digits(4)), "position: latitude as raw digits | 电能表位置信息:纬度", "one firmware"),
  altitude: part("0400043F", set(digits(3)), "position: altitude as raw digits | 电能表位置信息:高度", "one firmware"),
});

const maker = named({
  softwareVersion: shown("04800001", ascii(32), "manufacturer's software version | 厂家软件版本号"),
  hardwareVersion: shown("04800002", ascii(32), "manufacturer's hardware version | 厂家硬件版本号"),
  manufacturerCode: shown("04800003", ascii(32), "manufacturer's code | 厂家编号"),
  registeredSoftware: rowsOf("r parameter medium")(
    "04800004",
    ascii(8),
    "registered software number | 软件备案号",
    "supplement; letters like its neighbours, not confirmed",
  ),
});

const passwords = valueFamily(
  {
    di: "04000CLL",
    variables: [
      numbered("LL", "level plus one", 10, {
        word: (n) => String(n - 1),
        en: (n) => String(n - 1),
        zh: (n) => String(n - 1),
      }),
    ],
    name: "passwordOfLevel{LL}",
    words: "password of level {LL} | {LL}级密码",
    standing: "w security high",
    note: "level, then P0 P1 P2; reading gives ERR 04; State Grid meters keep levels 2 and 4",
  },
  password,
);

export const identityValues = { ...identity, ...positionParts, ...maker };
export const identityRows: readonly TableRow[] = [...Object.values(identityValues), passwords];
