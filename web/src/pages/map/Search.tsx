/** Finds cities and homes by any name in any script, typing errors included (the server does that), and goes there. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { problemText } from "~/api/problem";
import type { MapAt } from "~/map/limits";
import { Lookup } from "~/ui/lookup/Lookup";
import { words } from "~/words";

const MOST = 8;

export function Search({
  near,
  onCity,
  onHome,
}: {
  near: () => MapAt | null;
  onCity: (city: Schemas["CityRef"]) => void;
  onHome: (home: Schemas["HomeCard"]) => void;
}) {
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const { data, error, isFetching } = useQuery({
    queryKey: ["search", q],
    queryFn: ({ signal }) => {
      const at = near();
      const query = { q, lat: at?.lat, lng: at?.lng, limit: MOST };
      return unwrap(api.GET("/api/v1/search", { params: { query }, signal }));
    },
    enabled: q.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const cities = q && !error ? (data?.cities ?? []) : [];
  const homes = q && !error ? (data?.homes ?? []) : [];

  const choose = (key: string) => {
    const city = cities.find(({ id }) => `city-${id}` === key);
    const home = homes.find(({ id }) => `home-${id}` === key);
    if (city) onCity(city);
    if (home) onHome(home);
    setText("");
  };

  return (
    <Lookup
      label={words.search.label}
      placeholder={words.search.placeholder}
      round
      text={text}
      onText={setText}
      onChoose={choose}
      note={error ? problemText(error).title : isFetching || !data ? words.search.looking : words.search.nothing(q)}
      groups={[
        {
          title: words.search.cities,
          items: cities.map((city) => ({
            id: `city-${city.id}`,
            label: city.name,
            detail: [city.region, words.country(city.country)].filter(Boolean).join(", "),
            icon: "city",
          })),
        },
        {
          title: words.search.homes,
          items: homes.map((home) => ({
            id: `home-${home.id}`,
            label: home.title,
            detail: `${words.kind(home.kind)} · ${words.price(home.price)}`,
            icon: "home",
          })),
        },
      ]}
    />
  );
}
